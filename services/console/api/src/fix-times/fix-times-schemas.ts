import { severities, type Severity } from '@tidewaiter/domain';
import type { FixLimits } from '@tidewaiter/reports';
import { groupings } from '@tidewaiter/runtime';
import { z } from 'zod';

import { count, text } from '../http/fields.js';

const by = z.enum(groupings);

const limit = `(?:${severities.join('|')}):\\d{1,4}`;

/** Days by severity as text: `critical:15,high:30`. */
const limits = z
  .string()
  .max(200)
  .regex(new RegExp(`^(?:${limit}(?:,${limit})*)?$`), 'give days by severity: critical:15,high:30')
  .transform((given): FixLimits => {
    const pairs = given === '' ? [] : given.split(',').map((pair) => pair.split(':') as [Severity, string]);
    return Object.fromEntries(pairs.map(([severity, days]) => [severity, Number(days)]));
  })
  .optional();

export const fixTimeGroupsQuery = z.strictObject({
  by: by.default('repository'),
  /** Fixes of so many days before today are counted, and those of today. */
  days: z.coerce.number().int().min(1).max(365).default(90),
  /** Days within which vulnerabilities are to be fixed; those of the settings unless given. */
  limits,
  /** Repositories, as a name in which `*` matches any characters. */
  repository: z.string().min(1).max(500).optional(),
});

const figures = z.object({
  severity: z.enum(severities),
  /** Vulnerabilities that went in these days, of which it is known how long they were there. */
  fixed: count,
  /** Days that half of them took at most. */
  medianDays: count.nullable(),
  /** Days that nine of ten of them took at most. */
  p90Days: count.nullable(),
  /** Vulnerabilities that went, whose begin or end lies outside of the history. */
  unknown: count,
  /** Day before which their history is not known. */
  unknownBefore: text,
  open: count,
  limitDays: count.nullable(),
  /** Open ones that are older than the limit. */
  overdue: count,
  /** Age of the oldest open one, as far as the history reaches. */
  oldestDays: count.nullable(),
});

export const fixTimeGroupsAnswer = z.object({
  by,
  days: count,
  /** Most overdue first. */
  groups: z.array(
    z.object({
      /** Null for what has no owner. */
      name: text,
      /** Worst severity first. */
      severities: z.array(figures),
    }),
  ),
});
