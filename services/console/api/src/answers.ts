import {
  attestationKinds,
  findingKinds,
  pipelineReportKinds,
  policyModes,
  refusalCodes,
  severities,
} from '@tidewaiter/domain';
import { z } from 'zod';

// What the API answers. Controllers are typed by these schemas, and the OpenAPI document is made of them.

const text = z.string().nullable();
const time = z.date();
const count = z.int().nonnegative();
const severity = z.enum(severities);
const warning = z.object({ code: z.string(), path: text.optional(), message: z.string() });

/** A list, and the cursor of its next page. */
export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next: text });

export const pushAnswer = z.object({
  id: z.uuid(),
  connection: z.string(),
  registryHost: text,
  repository: z.string(),
  tag: text,
  claimedDigest: text,
  digest: text,
  mediaType: text,
  artifact: z.string(),
  /** Whether its registry told of it, a look found it, or it was there when the registry was connected. */
  origin: z.enum(['told', 'missed', 'imported']),
  attachedTo: text,
  pushedBy: text,
  pushedAt: time.nullable(),
  receivedAt: time,
  state: z.enum(['accepted', 'analyzing', 'analyzed', 'refused', 'dead-lettered']),
  previousDigest: text,
  verdict: z.enum(['pass', 'fail', 'unknown']).nullable(),
  counts: z.record(severity, count).nullable(),
  /** What the verdict does not know. */
  warningCount: count,
  code: text,
  reason: text,
  finishedAt: time.nullable(),
});

const imageAnswer = z.object({
  digest: z.string(),
  mediaType: z.string(),
  configDigest: z.string(),
  platform: z.string(),
  createdAt: time.nullable(),
  /** When its lowest layer was made. */
  baseCreatedAt: time.nullable(),
  /** Whom it runs as; empty for root. */
  user: text,
  labels: z.record(z.string(), z.string()),
  os: z
    .object({ id: z.string(), versionId: z.string().optional(), name: z.string(), idLike: z.array(z.string()) })
    .nullable(),
  warnings: z.array(warning),
  /** Null until it is analysed. */
  analyzedAt: time.nullable(),
});

/** Where an image was last pushed. */
export const listedImageAnswer = imageAnswer.extend({ connection: z.string(), repository: z.string(), tag: text });

const layerAnswer = z.object({
  index: count,
  digest: z.string(),
  diffId: z.string(),
  sizeBytes: count,
  mediaType: z.string(),
  createdBy: text,
});

const signatureAnswer = z.object({
  verified: z.boolean(),
  /** Why it proves nothing; null when it is verified. */
  code: z.enum(refusalCodes).nullable(),
  reason: text,
  signer: z.object({ name: z.string(), keyFingerprint: text, identity: text, issuer: text }).nullable(),
  subject: z.string(),
  artifact: z.string(),
});

/** What is signed of an image in one repository. */
const provenanceAnswer = z.object({
  connection: z.string(),
  repository: z.string(),
  signatures: z.array(signatureAnswer),
  attestations: z.array(
    signatureAnswer.extend({
      kind: z.enum(attestationKinds),
      predicateType: text,
      builder: text,
      source: text,
      revision: text,
      builtAt: text,
    }),
  ),
  warnings: z.array(warning),
  checkedAt: time,
});

const runAnswer = z.object({
  url: text,
  id: text,
  attempt: text,
  workflow: text,
  actor: text,
  source: text,
  revision: text,
  ref: text,
  startedAt: text,
  finishedAt: text,
});

/** What a pipeline told of an image. */
const pipelineReportAnswer = z.object({
  id: z.string(),
  connection: z.string(),
  kind: z.enum(pipelineReportKinds),
  /** `cyclonedx`, `spdx`, `in-toto` or `run`. */
  format: z.string(),
  /** Of the format, or the type of the predicate. */
  version: text,
  imageDigest: z.string(),
  documentDigest: z.string(),
  registry: text,
  repository: text,
  tag: text,
  run: runAnswer.nullable(),
  /** Facts of the run that the token of its CI proves; the others are claims. */
  proven: z.array(z.string()),
  /** Whether a configured signer vouches for the document; always false of what is not signed. */
  verified: z.boolean(),
  packages: count.nullable(),
  builder: text,
  receivedAt: time,
});

export const imagesAnswer = z.object({
  digest: z.string(),
  /** The image itself, or those of an index. */
  images: z.array(
    imageAnswer.extend({ packageCount: count, layers: z.array(layerAnswer), provenance: z.array(provenanceAnswer) }),
  ),
  /** Null where no pipeline told of it. */
  pipeline: z
    .object({
      /** The run that says most of how the image came to be. */
      run: runAnswer.extend({ connection: z.string(), proven: z.array(z.string()), receivedAt: time }).nullable(),
      reports: z.array(pipelineReportAnswer),
    })
    .nullable(),
});

const presence = z.enum(['present', 'shadowed']);
const ofImage = { imageDigest: z.string(), platform: z.string() };

export const packageAnswer = z.object({
  ...ofImage,
  purl: z.string(),
  type: z.string(),
  name: z.string(),
  version: z.string(),
  arch: text.optional(),
  source: z.object({ name: z.string(), version: z.string() }),
  licenses: z.array(z.string()),
  foundIn: z.string(),
  layer: count,
  state: presence,
});

export const findingAnswer = z.object({
  ...ofImage,
  kind: z.enum(findingKinds),
  id: z.string(),
  aliases: z.array(z.string()),
  severity,
  title: z.string(),
  fingerprint: z.string(),
  purl: text,
  packageName: text,
  installedVersion: text,
  path: text,
  /** Null of what is no file of a layer. */
  layer: count.nullable(),
  state: presence,
  /** `unknown`: the version could not be compared. */
  match: z.enum(['affected', 'unknown']),
  fix: z.object({ state: z.enum(['fixed', 'not-fixed', 'wont-fix', 'unknown']), version: text }),
  cvss: z.object({ vector: z.string(), score: z.number() }).nullable(),
  /** In CISA's catalogue of exploited vulnerabilities. */
  kev: z.boolean(),
  /** Probability of exploitation in the next 30 days, 0 to 1, as FIRST has it. */
  epss: z.number().nullable(),
  /** Whether a workload runs the image, or did in the last day; null while nobody tells of containers. */
  running: z.boolean().nullable(),
  /** Whether the package was seen to be executed or loaded; null while nobody tells, and false is no proof that it never is. */
  inUse: z.boolean().nullable(),
  confidence: z.enum(['certain', 'likely', 'possible']),
  evidence: z.record(z.string(), z.unknown()),
});

const suppression = z.object({
  /** `vex`: a VEX statement. `exception`: the settings. */
  kind: z.enum(['vex', 'ignore', 'exception']),
  source: z.string(),
  author: text,
  reason: text,
  justification: text,
  until: text,
});

const gateFinding = findingAnswer.omit({ platform: true });

const policyResult = z.object({
  name: z.string(),
  mode: z.enum(policyModes),
  /** `unknown` where a fact is missing that the answer depends on. */
  result: z.enum(['pass', 'fail', 'unknown']),
  reasons: z.array(z.string()),
});

/** What speaks for and against the images of a push, as it is now. */
const judgementAnswer = z.object({
  suppressed: z.array(gateFinding.extend({ by: suppression })),
  policies: z.array(policyResult),
});

export const pushDetailAnswer = pushAnswer
  .extend({ warnings: z.array(warning), images: z.array(imageAnswer) })
  .extend(judgementAnswer.shape);

export const gateAnswer = judgementAnswer.extend({
  image: z.string(),
  digest: text,
  against: text,
  failOn: text,
  pushId: z.uuid(),
  /** Of the push, when it was analysed. */
  storedVerdict: z.enum(['pass', 'fail', 'unknown']).nullable(),
  result: z.enum(['pass', 'fail', 'unknown']),
  reasons: z.array(z.string()),
  /** Null without an image to compare with. */
  changes: z
    .object({
      introduced: z.array(gateFinding),
      /** Known only since the other image was built, about packages that it has too. */
      newlyPublished: z.array(gateFinding),
      unchanged: z.array(gateFinding),
      resolved: z.array(gateFinding),
    })
    .nullable(),
  findings: z.array(gateFinding),
  warnings: z.array(warning),
});

/** `counts`: of all pages; `mitigated` of the images. */
export const blastRadiusAnswer = z.object({
  /** `workloads` is null while nobody tells of what runs. */
  counts: z.object({
    packages: count,
    images: count,
    mitigated: count,
    repositories: count,
    workloads: count.nullable(),
  }),
  items: z.array(
    z.object({
      /** Of the push that brought the image. */
      id: z.uuid(),
      registry: z.string(),
      repository: z.string(),
      tag: z.string(),
      digest: z.string(),
      /** Some of the packages. */
      purls: z.array(z.string()),
      /** Where the file is that was asked for. */
      paths: z.array(z.string()),
      /** The hole is closed in all of them by other means than a version. */
      isMitigated: z.boolean(),
      /** Some of those that run it, or did in the last day; null while nobody tells of what runs. */
      workloads: z
        .array(
          z.object({
            cluster: text,
            namespace: z.string(),
            kind: z.string(),
            name: z.string(),
            /** Null while nobody told of services. */
            exposed: z.boolean().nullable(),
          }),
        )
        .nullable(),
    }),
  ),
  next: text,
});

export const deliveryAnswer = z.object({
  id: z.uuid(),
  eventId: z.uuid(),
  receiver: z.string(),
  channel: z.string(),
  integration: count,
  route: z.string(),
  groupKey: z.string(),
  groupLabels: z.record(z.string(), z.string()),
  alertCount: count,
  state: z.enum(['held', 'pending', 'sending', 'retrying', 'sent', 'superseded', 'merged', 'suppressed', 'failed']),
  attempt: count,
  /** Recipients that have it already, of a message to several. */
  reached: z.array(z.string()),
  reference: text,
  code: text,
  reason: text,
  createdAt: time,
  nextAt: time.nullable(),
  finishedAt: time.nullable(),
  /** The delivery that it was made of: which somebody else is told of instead, or which is repeated. */
  origin: z.object({ kind: z.enum(['fallback', 'repetition']), id: z.uuid() }).nullable(),
});

const alert = z.object({
  /** The same while it fires and when it is over. */
  identity: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  status: z.enum(['firing', 'resolved']),
  startsAt: z.string(),
  endsAt: text,
});

/** `message`: what the channel was given, in the notifier's own form; `edition`: which state of which incident it tells. */
export const deliveryDetailAnswer = deliveryAnswer.extend({
  alerts: z.array(alert),
  message: z.unknown(),
  edition: z.object({ subject: z.string(), revision: count }).nullable(),
  /** What the channel calls the message that this one repeats. */
  replyTo: text,
  /** The ledger, oldest entry first: how it was made, what became of its tries, and who did what about it. */
  steps: z.array(
    z.object({
      at: time,
      kind: z.enum([
        'made',
        'failed',
        'given-up',
        'redriven',
        'repeated',
        'sent',
        'superseded',
        'merged',
        'suppressed',
      ]),
      attempt: count,
      code: text,
      reason: text,
      nextAt: time.nullable(),
      by: text,
    }),
  ),
  /** Deliveries that were made of it. */
  derived: z.array(
    z.object({
      id: z.uuid(),
      kind: z.enum(['fallback', 'repetition']),
      receiver: z.string(),
      channel: z.string(),
      state: deliveryAnswer.shape.state,
    }),
  ),
});

export const redriveOneAnswer = z.object({
  /** Of the delivery that goes out, or that was left alone. */
  id: z.uuid(),
  outcome: z.enum(['redriven', 'repeated', 'accepted', 'under-way', 'held', 'ended']),
});

export const redriveManyAnswer = z.object({
  redriven: count,
  /** Whether there are more than one request takes. */
  isMore: z.boolean(),
});

export const silenceAnswer = z.object({
  id: z.uuid(),
  /** In Alertmanager's syntax. */
  matchers: z.array(z.string()),
  startsAt: time,
  endsAt: time,
  createdBy: z.string(),
  comment: z.string(),
  createdAt: time,
});

export const silencePreviewAnswer = z.object({
  /** All alerts that fire now. */
  firing: count,
  /** Those that would be kept back; the first hundred are shown. */
  hidden: count,
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })),
});

const messageCounts = {
  messages: count,
  /** Of the messages, those that say again what was told before. */
  reminders: count,
  /** They only change what a channel shows already, and are no messages. */
  edits: count,
  /** Alerts in the messages, each as often as it is told. */
  alerts: count,
};

/** What a routing.yaml would have made of what happened. Nothing is sent by asking. */
export const replayAnswer = z.object({
  since: time,
  until: time,
  history: z.object({
    /** Since when it is known what there was to tell. */
    knownSince: time.nullable(),
    /** Whether that is all of the time that was asked for. */
    isWhole: z.boolean(),
    events: count,
    alerts: count,
  }),
  would: z.object({
    ...messageCounts,
    receivers: z.array(
      z.object({
        receiver: z.string(),
        ...messageCounts,
        routes: z.array(z.object({ route: z.string(), ...messageCounts })),
        channels: z.record(z.string(), count),
      }),
    ),
    /** What did not go out at once: told later or together with others, over before anybody was told, or waiting at the end. */
    heldBack: z.array(
      z.object({
        why: z.enum(['group', 'digest', 'storm', 'silenced', 'inhibited', 'muted']),
        told: count,
        over: count,
        waits: count,
      }),
    ),
    /** The groups of which most would have been sent. */
    busiest: z.array(z.object({ receiver: z.string(), groupKey: z.string(), ...messageCounts })),
  }),
  /** What was really sent in that time, by whatever the routes were. */
  sent: z.array(
    z.object({
      receiver: z.string(),
      route: z.string(),
      channel: z.string(),
      messages: count,
      edits: count,
      reminders: count,
      failed: count,
      heldBack: count,
    }),
  ),
});

/** A channel of a receiver that was given messages, over the last week. */
export const receiverAnswer = z.object({
  receiver: z.string(),
  channel: z.string(),
  integration: count,
  /**
   * `broken`: its newest message that ended was given up. `resting`: it failed so often that it is left alone for a while. `failing`: a
   * message is tried again. `working`: none of that.
   */
  state: z.enum(['working', 'failing', 'resting', 'broken']),
  /** When the first try failed after which none succeeded. */
  since: time.nullable(),
  sent: count,
  failed: count,
  waiting: count,
  waitingSince: time.nullable(),
  lastSentAt: time.nullable(),
  lastFailure: z.object({ code: text, reason: text, at: z.string() }).nullable(),
  /** How long 95 of 100 messages of the last day took at most, from when they were to go out until the channel had them. */
  p95Seconds: z.number().nullable(),
});

export const deadLetterAnswer = z.object({
  id: z.uuid(),
  stage: z.enum(['event', 'job']),
  /** Consumer or queue that gave it up. */
  worker: z.string(),
  eventId: text,
  jobId: text,
  subject: z.string(),
  code: z.string(),
  reason: z.string(),
  attempts: count,
  createdAt: time,
  redrivenAt: time.nullable(),
});

export const redriveAnswer = z.object({ id: z.uuid() });

export const statusAnswer = z.object({
  pushes: z.record(pushAnswer.shape.state, count),
  /** Work that waits or runs; seconds for which the oldest due job has waited. */
  queues: z.array(z.object({ queue: z.string(), queued: count, running: count, oldestSeconds: z.number() })),
  advisories: z.object({
    advisories: count,
    ecosystems: z.array(z.object({ ecosystem: z.string(), packages: count })),
    /** Where they come from, with KEV and EPSS: everything that was published until `asOf` is known. */
    feeds: z.array(
      z.object({
        name: z.string(),
        origin: z.string(),
        asOf: z.string(),
        checkedAt: z.string(),
        changedAt: z.string(),
        records: count,
        rejected: count,
      }),
    ),
    lastImport: z
      .object({ source: z.string(), records: count, changed: count, rejected: count, importedAt: time })
      .nullable(),
  }),
});

/** RFC 9457. */
export const problemAnswer = z.object({
  type: z.string(),
  status: z.int(),
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
});

export const previewAnswer = z.object({
  /** The subject of the mail. */
  title: z.string(),
  mediaType: z.string(),
  content: z.string(),
});
