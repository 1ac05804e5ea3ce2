import { severities, scopeDimensions } from '@tidewaiter/domain';
import { maxQueryLength } from '@tidewaiter/query';
import { groupings } from '@tidewaiter/runtime';
import { z } from 'zod';

import { text, time } from '../http/fields.js';
import { listOf } from '../http/paging.js';

const by = z.enum(groupings);

const selection = {
  by: by.default('repository'),
  /** Vulnerabilities, as in their list. */
  q: z.string().max(maxQueryLength).default('severity>=high'),
};

/** Findings of an answer; the file has all. */
const limit = z.coerce.number().int().min(1).max(20_000).default(2_000);

export const unfixedQuery = z.strictObject({ ...selection, limit });
export const unfixedExportQuery = z.strictObject(selection);

const row = z.object({
  owner: text,
  repository: z.string(),
  vulnerability: z.string(),
  severity: z.enum(severities),
  kev: z.boolean(),
  epss: z.number().nullable(),
  package: z.string(),
  installed: z.array(z.string()),
  /** Null where no version is known that fixes it. */
  fix: text,
  images: z.int(),
  /** Null while no sensor reports containers. */
  running: z.boolean().nullable(),
  since: z.string(),
  /** Days from then on. */
  days: z.int(),
  /** Days within which its severity is to be fixed; null without a limit, absent in old reports. */
  limitDays: z.int().nullable().optional(),
});

const group = z.object({
  /** Null for what has no owner. */
  name: text,
  counts: z.partialRecord(z.enum(severities), z.int()),
  fixable: z.int(),
  /** Days of its oldest finding. */
  oldest: z.int(),
  /** Findings that are older than their limit. */
  overdue: z.int().default(0),
  rows: z.array(row),
  /** Findings that are left out of this answer. */
  omitted: z.int(),
});

export const unfixedAnswer = z.object({
  by,
  query: z.string(),
  /** Time of the report. */
  at: time,
  /** Time at which the fleet was last known to be evaluated; null if it never was. */
  asOf: time.nullable(),
  /** The worst first. */
  groups: z.array(group),
  total: z.int(),
});

const scope = z.object(Object.fromEntries(scopeDimensions.map((name) => [name, z.array(z.string())])));

const run = z.object({
  id: z.string(),
  report: z.string(),
  state: z.enum(['due', 'made', 'skipped']),
  /** Local time of the schedule; of a requested one its id. */
  period: z.string(),
  /** User who asked for it; null for one of the schedule. */
  requestedBy: text,
  createdAt: time,
  madeAt: time.nullable(),
  /** Time at which the fleet was last known to be evaluated then. */
  asOf: time.nullable(),
  /** Null until it is made. */
  settings: z.object({ by, query: z.string(), receiver: z.string(), scopes: z.array(scope).nullable() }).nullable(),
  total: z.int(),
  /** Reason for which no channel got it. */
  problem: text,
});

export const runsQuery = z.strictObject({ report: z.string().max(200).optional() });
export const runsAnswer = listOf(run);
export const runQuery = z.strictObject({ limit });
export const runAnswer = unfixedAnswer.extend({ run });
export const requestAnswer = z.object({
  /** Run that the notifier makes within seconds. */
  id: z.string(),
});
