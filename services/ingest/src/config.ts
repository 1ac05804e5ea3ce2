import { type Config, commonSettings, httpPort, setting } from '@tidewaiter/runtime';
import { z } from 'zod';

/**
 * Webhooks that one sender may send to one connection in a minute before it gets 429. It stops loops and strangers; what the
 * machine cannot keep up with gets 503. A burst of 10,000 a minute is thirty times below.
 */
const hookRate = setting(
  'TIDEWAITER_HOOK_RATE',
  z.coerce.number({ error: 'is not a number' }).int().min(1).default(300_000),
);

export const ingestConfig = { ...commonSettings, httpPort: httpPort(7070), hookRate };

export type IngestConfig = Config<typeof ingestConfig>;
