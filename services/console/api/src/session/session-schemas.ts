import { z } from 'zod';

export const sessionBody = z.strictObject({ token: z.string().max(200) });
