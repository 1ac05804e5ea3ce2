import { z } from 'zod';

import { text } from '../http/fields.js';

export const sessionBody = z.strictObject({ token: z.string().max(200) });

export const setupBody = z.strictObject({
  /** Secret of the setup link, after `#setup=`. */
  secret: z.string().max(200),
});

export const endedSessionAnswer = z.object({
  /** Page at which the browser signs out of the identity provider, too; null for other sessions. */
  signOutUrl: text,
});
