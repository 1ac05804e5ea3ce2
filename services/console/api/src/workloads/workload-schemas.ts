import { severities, verdicts } from '@tidewaiter/domain';
import { workloadFields } from '@tidewaiter/query';
import { packageUseKinds, workloadList } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import { pageQuery } from '../http/paging.js';
import { readDigest } from '../http/validation.js';
import { incidentAnswer } from '../incidents/incident-schemas.js';

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

export const workloadsQuery = listQuery(workloadList, workloadFields, '-urgency');

export const workloadExportQuery = exportQuery(workloadList, workloadFields, '-urgency');

/** Part of the name of a workload in a path; `-` for a cluster without a name. */
export const placeParameter = z.string().min(1).max(253);

const severity = z.enum(severities);

export const workloadAnswer = z.object({
  /** Empty if no sensor names one. */
  cluster: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  /** Containers that run. */
  containers: count,
  /** Images that it runs, or ran in the last day, with the verdict of their newest push. */
  images: z.array(
    z.object({
      digest: z.string(),
      repository: text,
      tag: text,
      /** Null of an image that was never evaluated. */
      verdict: z.enum(verdicts).nullable(),
      severity: severity.nullable(),
    }),
  ),
  /** Severity of the worst finding of its images. */
  severity: severity.nullable(),
  /** Null while no sensor reports services. */
  exposed: z.boolean().nullable(),
  privileged: z.boolean().nullable(),
  /** Open misconfigurations by severity. */
  misconfigurations: z.partialRecord(severity, count),
  /** Open incidents. */
  incidents: count,
  firstSeen: time.nullable(),
  lastSeen: time.nullable(),
});

/** A namespace with what its workloads add up to. */
export const workloadNamespaceAnswer = z.object({
  /** Empty if no sensor names one. */
  cluster: z.string(),
  namespace: z.string(),
  workloads: count,
  /** Workloads that run an image whose newest push failed, or did in the last day. */
  failed: count,
  /** Containers that run. */
  containers: count,
  /** Open misconfigurations. */
  misconfigurations: count,
  /** Open incidents. */
  incidents: count,
});

export const workloadDetailAnswer = workloadAnswer.extend({
  /** Containers of the last 30 days, running ones first; some of them. */
  runs: z.array(
    z.object({
      containerId: z.string(),
      node: text,
      pod: text,
      name: text,
      kind: text,
      imageDigest: text,
      repository: text,
      tag: text,
      privileged: z.boolean().nullable(),
      serviceAccount: text,
      firstSeen: time,
      lastSeen: time,
      endedAt: time.nullable(),
      isRunning: z.boolean(),
    }),
  ),
  /** Packages that were seen to be executed or loaded; some of them. */
  inUse: z.array(
    z.object({
      imageDigest: z.string(),
      package: z.string(),
      how: z.enum(packageUseKinds),
      firstSeen: time,
      lastSeen: time,
    }),
  ),
  /** Open misconfigurations; some of them. */
  findings: z.array(workloadFindingAnswer),
  /** Its newest incidents. */
  incidentList: z.array(incidentAnswer),
});
