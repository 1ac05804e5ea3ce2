import { z } from 'zod';

/** Problem details of RFC 9457. */
export const problemAnswer = z.object({
  type: z.string(),
  status: z.int(),
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
});
