import { severities } from '@tidewaiter/domain';
import { z } from 'zod';

const text = z.string().nullable();

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
