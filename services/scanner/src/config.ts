import { Secret } from '@tidewaiter/domain';
import { commonSettings, httpPort, redisUrl, setting } from '@tidewaiter/runtime';
import { minKeyCharacters } from '@tidewaiter/secrets';
import { z } from 'zod';

const concurrency = z.coerce.number().int().min(1).max(64);

const fingerprintKey = z
  .string()
  .min(minKeyCharacters, `must have at least ${minKeyCharacters} characters`)
  .transform((value) => new Secret(value))
  .optional();

export const scannerConfig = {
  ...commonSettings,
  redisUrl,
  httpPort: httpPort(7071),
  /** Under it the same secret has the same fingerprint wherever it is found. Without it secrets are not looked for. */
  fingerprintKey: setting('TIDEWAITER_FINGERPRINT_KEY', fingerprintKey),
  /** Layers that one process reads at once; each may take a core. */
  layerConcurrency: setting('TIDEWAITER_LAYER_CONCURRENCY', concurrency.default(2)),
  /** Pushes that one process resolves and judges at once; they mostly wait for the registry and for PostgreSQL. */
  pushConcurrency: setting('TIDEWAITER_PUSH_CONCURRENCY', concurrency.default(8)),
};
