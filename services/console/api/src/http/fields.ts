import { z } from 'zod';

// Fields of many answers.

export const text = z.string().nullable();
export const time = z.date();
export const count = z.int().nonnegative();
