import { Secret } from '@tidewaiter/domain';
import { commonSettings, configOf, entryKey, httpPort, setting } from '@tidewaiter/runtime';
import { minKeyCharacters } from '@tidewaiter/secrets';
import { z } from 'zod';

/**
 * Webhooks that one sender may send to one connection in a minute before it gets 429. It stops
 * loops and strangers; what the machine cannot keep up with gets 503. A burst of 10,000 a minute is
 * thirty times below.
 */
const hookRate = setting(
  'TIDEWAITER_HOOK_RATE',
  z.coerce.number({ error: 'is not a number' }).int().min(1).default(300_000),
);

/**
 * The scanner's: under it a secret in a runtime event has the fingerprint of the same secret in an
 * image. Without it secrets are masked all the same, and named by fingerprints that nothing else
 * has.
 */
const fingerprintKey = setting(
  'TIDEWAITER_FINGERPRINT_KEY',
  z
    .string()
    .min(minKeyCharacters, `must have at least ${minKeyCharacters} characters`)
    .transform((value) => new Secret(value))
    .optional(),
);

/**
 * Folder on this machine's disk for what PostgreSQL and NATS cannot take now; without one the
 * sender has to send again.
 */
const spoolDir = setting('TIDEWAITER_SPOOL_DIR', z.string().optional());

/** Room for the spool; when it is full, senders have to wait. */
const spoolMaxBytes = setting(
  'TIDEWAITER_SPOOL_MAX_BYTES',
  z.coerce
    .number({ error: 'is not a number' })
    .int()
    .min(64 * 2 ** 20, 'must be at least 64 MiB')
    .default(2 ** 30),
);

/**
 * Time for which the spool keeps runtime events after snapshots of the detector cover them, while
 * there is room: a PostgreSQL that is restored from a copy within this time gets them again.
 */
const spoolKeepMs = setting(
  'TIDEWAITER_SPOOL_KEEP',
  z
    .string()
    .regex(/^(?:0|[1-9]\d{0,2}m|(?:[1-9]|1\d|2[0-4])h)$/, 'is neither 0 nor minutes up to 999m or hours up to 24h')
    .transform((text) => Number.parseInt(text, 10) * (text.endsWith('h') ? 3_600_000 : 60_000))
    .default(3_600_000),
);

/** Configuration of ingest from its environment. */
export class IngestConfig extends configOf({
  ...commonSettings,
  entryKey,
  httpPort: httpPort(7070),
  hookRate,
  fingerprintKey,
  spoolDir,
  spoolMaxBytes,
  spoolKeepMs,
}) {}
