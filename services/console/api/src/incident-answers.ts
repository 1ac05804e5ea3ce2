import { levels } from '@tidewaiter/detection';
import { artifactKinds, incidentStates, severities } from '@tidewaiter/domain';
import { revisionKinds } from '@tidewaiter/store';
import { z } from 'zod';

import { findingAnswer, pushAnswer } from './answers.js';
import { pushChangesAnswer } from './change-answers.js';

// What the API answers of incidents. The store's own types must fit, or the controller does not compile.

const text = z.string().nullable();
const time = z.date();
const count = z.int().nonnegative();
const severity = z.enum(severities);

const step = z.object({
  title: z.string(),
  /** MITRE ATT&CK. */
  technique: text,
  /** Its tactic. */
  stage: text,
  severity,
  at: z.string(),
  events: z.array(z.string()),
});

/** Whose rule it was: licences ask for the names. */
const ruleCredit = z.object({ id: text, title: z.string(), author: text, license: text, link: text });

export const incidentAnswer = z.object({
  id: z.uuid(),
  number: count,
  /** Counts what people are told of. */
  revision: count,
  state: z.enum(incidentStates),
  /** Of a merged incident: the one that goes on. */
  mergedInto: text,
  title: z.string(),
  /** Rank of the title, 0 the worst; null for incidents from before it was known. */
  titleRank: count.nullable(),
  sentence: z.string(),
  severity,
  /** 0 to 100: order among incidents of one severity. */
  score: z.number(),
  /** `namespace/Kind/name` */
  workload: text,
  image: text,
  imageDigest: text,
  cluster: text,
  namespace: text,
  techniques: z.array(z.string()),
  steps: z.array(step),
  /** Short words for what was found: `drift`. */
  findings: z.array(z.string()),
  rules: z.array(ruleCredit),
  count,
  firstSeen: z.string(),
  lastSeen: z.string(),
  openedBy: z.string(),
  openedAt: time,
  updatedAt: time,
  resolvedAt: time.nullable(),
  /** Null where it ended by itself. */
  resolvedBy: text,
});

const evidence = z.object({
  event: z.string(),
  at: z.string(),
  source: z.string(),
  rule: z.string(),
  text: z.string(),
  where: text,
  /** The sensor's own words. */
  record: z.record(z.string(), z.json()).nullable(),
});

/** `push`, `step`, `state`, `message`: what happened, what became of the incident, who was told. */
const timelineEntry = z.object({
  at: z.string(),
  kind: z.enum(['push', 'step', 'state', 'message']),
  title: z.string(),
  detail: text,
  severity: severity.nullable(),
});

const reachedImage = z.object({
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: z.string(),
  /** The closest tie: `image`, `layer with …`, `package …`. */
  shares: z.string(),
});

export const incidentDetailAnswer = incidentAnswer.extend({
  /** The telling events, which say how it began. */
  evidence: z.array(evidence),
  timeline: z.array(timelineEntry),
  /** What people were told, oldest first. */
  revisions: z.array(
    z.object({
      revision: count,
      kind: z.enum(revisionKinds),
      severity,
      news: z.array(z.string()),
      actor: text,
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
  /** What we know of the image; null where it is not known. */
  imageFacts: z
    .object({
      digest: z.string(),
      push: pushAnswer,
      changes: pushChangesAnswer.nullable(),
      counts: z.record(severity, count),
      isJudged: z.boolean(),
      findings: z.array(findingAnswer.omit({ platform: true })),
      provenance: z.object({
        /** Null: nobody asked. */
        isSigned: z.boolean().nullable(),
        signers: z.array(z.string()),
        builder: text,
        source: text,
        revision: text,
      }),
    })
    .nullable(),
  blastRadius: z.object({
    /** In what tags point to now. */
    images: z.object({ items: z.array(reachedImage), total: count }),
    /** Beside those of the incident, now or in the last day. */
    workloads: z.object({
      items: z.array(
        z.object({
          cluster: text,
          workload: z.string(),
          imageDigest: z.string(),
          /** Null while nobody told of services. */
          exposed: z.boolean().nullable(),
          shares: z.string(),
        }),
      ),
      total: count,
    }),
    /** Others that saw the same file, destination, secret or identity. */
    incidents: z.array(z.object({ id: z.uuid(), number: count, title: z.string(), shares: z.array(z.string()) })),
  }),
});

export const alertAnswer = z.object({
  id: z.string(),
  rule: z.object({
    id: z.string(),
    title: z.string(),
    author: text,
    license: text,
    level: z.enum(levels),
    tags: z.array(z.string()),
    link: text,
    file: text,
  }),
  severity: z.enum(levels),
  /** What it may do: open an incident by itself, with another kind of evidence, or never. */
  weight: z.enum(['alone', 'support', 'context']),
  at: z.string(),
  /** Ids of the runtime records. */
  events: z.array(z.string()),
  techniques: z.array(z.string()),
  stage: text,
  title: z.string(),
  explanation: z.string(),
  finding: text,
  isFact: z.boolean(),
  bySensor: z.boolean(),
  context: z.object({
    cluster: text,
    node: text,
    namespace: text,
    pod: text,
    container: text,
    workload: text,
    image: text,
    imageDigest: text,
  }),
  /** What was known of the image and the workload, as far as it matters. */
  image: z.array(z.string()),
  /** Why context lowered it. */
  lowered: text,
  incidentId: z.uuid().nullable(),
});

export const ruleAnswer = z.object({
  state: z.enum(['loaded', 'refused']),
  kind: z.enum(['rule', 'correlation']).nullable(),
  id: text,
  title: text,
  level: z.enum(levels).nullable(),
  status: text,
  author: text,
  license: text,
  tags: z.array(z.string()),
  /** Whether it is only a part of a correlation, and raises nothing alone. */
  isPart: z.boolean(),
  file: z.string(),
  line: z.number(),
  /** Why it was refused. */
  reason: text,
});
