import { artifactKinds, incidentStates, resolutions, revisionKinds, severities } from '@tidewaiter/domain';
import { incidentFields } from '@tidewaiter/query';
import { incidentList, type IncidentRow } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import type { SchemaOf } from '../http/row-schemas.js';
import { readId } from '../http/validation.js';
import { findingAnswer } from '../images/image-schemas.js';
import { pushChangesAnswer } from '../pushes/push-changes-schemas.js';
import { pushAnswer } from '../pushes/push-schemas.js';

/** Id of an incident, or the number in its display name. */
export type IncidentName = { id: string } | { number: number };

/** Id of an incident in a path, or its display name: `INC-7`. */
export const incidentParameter = z
  .string()
  .meta({ examples: ['INC-7'] })
  .transform((name): IncidentName => {
    const [, number] = /^INC-(\d{1,15})$/i.exec(name) ?? [];
    return number === undefined ? { id: readId(name) } : { number: Number(number) };
  });

export const incidentsQuery = listQuery(incidentList, incidentFields, '-number').extend({
  /** Shorter for `q=state=open`. */
  state: z.enum(incidentStates).optional(),
  /** Shorter for `q=severity=high`. */
  severity: z.enum(severities).optional(),
});

export const incidentExportQuery = exportQuery(incidentList, incidentFields, '-number');

const severity = z.enum(severities);

const step = z.object({
  title: z.string(),
  /** MITRE ATT&CK technique. */
  technique: text,
  /** Tactic of the technique. */
  stage: text,
  severity,
  at: z.string(),
  events: z.array(z.string()),
});

/** Rule with its author, whose name rule licenses require. */
const ruleCredit = z.object({ id: text, title: z.string(), author: text, license: text, link: text });

/** Columns that no answer shows: identity and revision of the builder's story. */
type InternalOfIncident = 'storyId' | 'storyRevision';

/** Columns that only the details show. */
type DetailOfIncident = 'evidence' | 'workloads' | 'artifacts' | 'factsUsed' | 'nextSteps';

export const incidentAnswer = z.object({
  id: z.uuid(),
  number: count,
  /** Number of the revision, raised for every reported change. */
  revision: count,
  state: z.enum(incidentStates),
  /** Id of the incident into which it was merged. */
  mergedInto: text,
  title: z.string(),
  /** Rank of the title, 0 is the worst; null for incidents from before ranks were stored. */
  titleRank: count.nullable(),
  sentence: z.string(),
  severity,
  /** 0 to 100: orders incidents of one severity. */
  score: z.number(),
  /** `namespace/Kind/name` */
  workload: text,
  image: text,
  imageDigest: text,
  cluster: text,
  namespace: text,
  techniques: z.array(z.string()),
  steps: z.array(step),
  /** Short names of the findings: `drift`. */
  findings: z.array(z.string()),
  rules: z.array(ruleCredit),
  count,
  firstSeen: z.string(),
  lastSeen: z.string(),
  openedBy: z.string(),
  openedAt: time,
  updatedAt: time,
  resolvedAt: time.nullable(),
  /** Null where it ended without a user. */
  resolvedBy: text,
  /** Reason of that user. */
  resolution: z.enum(resolutions).nullable(),
  /** User who takes care of it. */
  assignee: text,
  /** Time until which it is hidden from lists; null unless it is snoozed. */
  snoozedUntil: time.nullable(),
  /** User who took it; null where it is not acknowledged, or has become worse since. */
  acknowledgedBy: text,
  acknowledgedAt: time.nullable(),
} satisfies SchemaOf<IncidentRow, InternalOfIncident | DetailOfIncident> & Record<string, z.ZodType>);

const evidence = z.object({
  event: z.string(),
  at: z.string(),
  source: z.string(),
  rule: z.string(),
  text: z.string(),
  where: text,
  /** Record as the sensor sent it. */
  record: z.record(z.string(), z.unknown()).nullable(),
});

/**
 * Entry of the timeline: `push` of the image, attack `step`, `state` of the incident, `comment`, or
 * `message` to a channel.
 */
const timelineEntry = z.object({
  at: z.string(),
  kind: z.enum(['push', 'step', 'state', 'comment', 'message']),
  title: z.string(),
  detail: text,
  severity: severity.nullable(),
});

/** A process that the evidence names, or the parent of one. */
const evidenceProcess = z.object({
  id: count,
  /** Id of the parent; null where none is known. */
  parent: count.nullable(),
  pid: z.number().nullable(),
  executable: text,
  commandLine: text,
  user: text,
  /** `namespace/pod/container`, or the node. */
  where: text,
  /** Its events; none of a parent that only its children name. */
  acts: z.array(z.object({ event: z.string(), at: z.string(), rule: z.string(), text: z.string() })),
});

const reachedImage = z.object({
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: z.string(),
  /** Closest relation: `image`, `layer with …`, `package …`. */
  shares: z.string(),
});

export const incidentDetailAnswer = incidentAnswer.extend({
  /** Key events that show how the incident began. */
  evidence: z.array(evidence),
  /** Processes that the evidence names, with their parents; some of them. */
  processes: z.array(evidenceProcess),
  timeline: z.array(timelineEntry),
  /** Reported revisions, oldest first. */
  revisions: z.array(
    z.object({
      revision: count,
      kind: z.enum(revisionKinds),
      severity,
      news: z.array(z.string()),
      actor: text,
      comment: text,
      at: time,
    }),
  ),
  workloads: z.array(
    z.object({
      cluster: text,
      workload: z.string(),
      imageDigest: text,
      firstSeen: z.string(),
      pods: z.array(z.string()),
    }),
  ),
  artifacts: z.array(z.object({ kind: z.enum(artifactKinds), value: z.string() })),
  factsUsed: z.array(z.string()),
  nextSteps: z.array(z.string()),
  /** Facts about the image; null where it is unknown. */
  imageFacts: z
    .object({
      digest: z.string(),
      push: pushAnswer,
      changes: pushChangesAnswer.nullable(),
      counts: z.record(severity, count),
      isEvaluated: z.boolean(),
      findings: z.array(findingAnswer.omit({ platform: true })),
      provenance: z.object({
        /** Null where signatures were not checked. */
        isSigned: z.boolean().nullable(),
        signers: z.array(z.string()),
        builder: text,
        source: text,
        revision: text,
      }),
    })
    .nullable(),
  blastRadius: z.object({
    /** Images that tags point to now. */
    images: z.object({ items: z.array(reachedImage), total: count }),
    /** Other workloads than those of the incident, now or in the last day. */
    workloads: z.object({
      items: z.array(
        z.object({
          cluster: text,
          workload: z.string(),
          imageDigest: z.string(),
          /** Null while no sensor reports services. */
          exposed: z.boolean().nullable(),
          shares: z.string(),
        }),
      ),
      total: count,
    }),
    /** Other incidents with the same file, destination, secret or identity. */
    incidents: z.array(z.object({ id: z.uuid(), number: count, title: z.string(), shares: z.array(z.string()) })),
  }),
} satisfies Record<DetailOfIncident, z.ZodType> & Record<string, z.ZodType>);
