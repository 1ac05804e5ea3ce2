import { z } from 'zod';

import { text, time } from '../http/fields.js';

export const begunLoginAnswer = z.object({
  /** Secret by which the command line asks for the result. */
  deviceCode: z.string(),
  /** Code that the user compares with the one in the browser. */
  userCode: z.string(),
  /** Page on which the user approves. */
  url: z.string(),
  expiresAt: time,
  /** Seconds between two questions for the result. */
  interval: z.int(),
});

export const pollBody = z.strictObject({ deviceCode: z.string().min(1).max(200) });

export const pollAnswer = z.object({
  /** `over` after ten minutes, a refusal, or the first `approved`. */
  state: z.enum(['pending', 'approved', 'over']),
  /** Bearer token of a session, shown once; null unless it is approved. */
  token: text,
  /** End of the session however much it is used. */
  expiresAt: time.nullable(),
});

/** Code in a path; lower case and a missing hyphen are forgiven. */
export const userCodeParameter = z
  .string()
  .max(20)
  .transform((given) => given.toUpperCase().replace(/^([A-Z]{4})([A-Z]{4})$/, '$1-$2'));

export const waitingLoginAnswer = z.object({
  address: z.string(),
  userAgent: z.string(),
  createdAt: time,
  expiresAt: time,
});
