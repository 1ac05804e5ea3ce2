import { levels } from '@tidewaiter/detection';
import { ruleFields } from '@tidewaiter/query';
import { ruleKinds, ruleList, ruleStates } from '@tidewaiter/store';
import { z } from 'zod';

import { text } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';

export const rulesQuery = listQuery(ruleList, ruleFields, 'place').extend({
  /** Short for `state=` in `q`. */
  state: z.enum(ruleStates).optional(),
});

export const ruleExportQuery = exportQuery(ruleList, ruleFields, 'place');

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
