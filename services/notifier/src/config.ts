import { commonSettings, configOf, consoleUrl, httpPort, redisSettings, setting } from '@tidewaiter/runtime';
import { z } from 'zod';

/** Configuration of the notifier from its environment. */
export class NotifierConfig extends configOf({
  ...commonSettings,
  ...redisSettings,
  consoleUrl,
  httpPort: httpPort(7073),
  /** Path of `routing.yaml`; without it no message is sent. */
  routingFile: setting('TIDEWAITER_ROUTING', z.string().optional()),
  /** Messages that one process sends at once. A channel that hangs holds one of them. */
  deliveryConcurrency: setting('TIDEWAITER_DELIVERY_CONCURRENCY', z.coerce.number().int().min(1).max(256).default(64)),
}) {}
