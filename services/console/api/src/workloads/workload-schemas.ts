import { severities } from '@tidewaiter/domain';
import { z } from 'zod';

import { text } from '../http/fields.js';
import { pageQuery } from '../http/paging.js';
import { readDigest } from '../http/validation.js';

/** `web`, `Deployment/web` or `shop/Deployment/web`. */
const workloadName = z
  .string()
  .max(400)
  .regex(/^(?:(?:[^/]+\/)?[^/]+\/)?[^/]+$/, 'a name, Kind/name or namespace/Kind/name')
  .transform((text) => {
    const [name, kind, namespace] = text.split('/').toReversed();
    return { name, ...(kind !== undefined && { kind }), ...(namespace !== undefined && { namespace }) };
  });

/** The cursor of findings of workloads is a number. */
export const workloadFindingsQuery = pageQuery.extend({
  after: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional(),
  cluster: z.string().max(253).optional(),
  namespace: z.string().max(253).optional(),
  workload: workloadName.optional(),
  check: z.string().max(100).optional(),
  severity: z.enum(severities).optional(),
  /** `ended`: fixed, or the workload is deleted. */
  state: z.enum(['open', 'ended']).default('open'),
  /** Digest of an image that the workload runs, or ran in the last day. */
  image: z.string().max(200).transform(readDigest).optional(),
});

export const workloadFindingAnswer = z.object({
  id: z.string(),
  workload: z.object({ cluster: text, namespace: z.string(), kind: z.string(), name: z.string() }),
  /** Id of the check. */
  check: z.string(),
  severity: z.enum(severities),
  title: z.string(),
  /** Null where it is about the pod or the object. */
  container: text,
  /** Path in the manifest. */
  field: text,
  /** Null of a check that this version has not. */
  reason: text,
  fix: text,
  reference: text,
  firstSeen: z.date(),
  /** To the hour while it is open. */
  lastSeen: z.date(),
  /** When it was fixed or the workload deleted; null while it is open. */
  endedAt: z.date().nullable(),
});
