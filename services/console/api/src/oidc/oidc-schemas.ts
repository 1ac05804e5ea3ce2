import { z } from 'zod';

export const signInOptionsAnswer = z.object({
  /** Path that signs in by OpenID Connect, relative to the console; null without a provider. */
  oidc: z.string().nullable(),
});

/** `next`: path of the console to open after it. */
export const signInQuery = z.strictObject({ next: z.string().max(2_000).optional() });

export const logoutBody = z.object({ logout_token: z.string().max(20_000) });
