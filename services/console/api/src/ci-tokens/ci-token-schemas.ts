import { z } from 'zod';

import { time } from '../http/fields.js';

export const ciTokenBody = z.strictObject({
  /** Token that the CI gave to the job. */
  token: z.string().min(1).max(16_384),
});

export const ciTokenAnswer = z.object({
  /** Bearer token for the API, shown once. */
  token: z.string(),
  /** Name of the entry in `access.ci`. */
  name: z.string(),
  role: z.enum(['gate', 'viewer']),
  expiresAt: time,
});
