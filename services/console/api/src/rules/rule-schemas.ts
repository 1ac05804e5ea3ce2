import { levels } from '@tidewaiter/detection';
import { ruleKinds, ruleStates } from '@tidewaiter/store';
import { z } from 'zod';

import { text } from '../http/fields.js';
import { pageQuery } from '../http/paging.js';

/** The cursor of rules is a number. */
export const rulesQuery = pageQuery.extend({
  after: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional(),
  state: z.enum(ruleStates).optional(),
});

export const ruleAnswer = z.object({
  state: z.enum(ruleStates),
  kind: z.enum(ruleKinds).nullable(),
  id: text,
  title: text,
  level: z.enum(levels).nullable(),
  status: text,
  author: text,
  license: text,
  tags: z.array(z.string()),
  /** Whether it is only a part of a correlation and raises no alerts itself. */
  isPart: z.boolean(),
  file: z.string(),
  line: z.number(),
  /** Reason of the refusal. */
  reason: text,
});
