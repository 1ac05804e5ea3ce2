import {
  attestationKinds,
  baselineReasons,
  findingKinds,
  pipelineReportKinds,
  policyModes,
  refusalCodes,
  severities,
} from '@tidewaiter/domain';
import { pushStates } from '@tidewaiter/store';
import { z } from 'zod';

// What the API answers. Controllers are typed by these schemas, and the OpenAPI document is made of them.

const text = z.string().nullable();
const time = z.date();
const count = z.int().nonnegative();
const severity = z.enum(severities);
const baseline = z.object({ tag: text, digest: z.string(), reason: z.enum(baselineReasons), line: text });
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
  /** `not-an-image`: a signature, an attestation, a chart. */
  state: z.enum(pushStates),
  /** Digest that its tag pointed to before. */
  previousDigest: text,
  /** Baseline, and the reason; null where there was none, and for pushes older than this field. */
  comparedWith: baseline.nullable(),
  /** Until when its missing signature is not announced; null where none is awaited. */
  signatureDueAt: time.nullable(),
  /** It was reported after a newer push of its tag, and changes nothing about what the tag points to. */
  isLate: z.boolean(),
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
  /** Kinds of findings that were not looked for. */
  notEvaluated: z.array(z.enum(findingKinds)),
  /** Indexes of the layers that could not be read. */
  unreadLayers: z.array(count),
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

/** `counts`: how many count, by severity, as the push of the image has them. */
export const imageFindingsAnswer = listOf(
  findingAnswer.extend({
    /** Whether it adds one to `counts`: not what a later layer hides, what is suppressed, nor the same at the same place again. */
    counted: z.boolean(),
    /** Why it does not count, on whose word; null of what nothing suppresses. */
    by: suppression.nullable(),
  }),
).extend({ counts: z.record(severity, count) });

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
  /** Number of findings that count, by severity: each once for a location, whatever platforms have it. */
  counts: z.record(severity, count),
  warnings: z.array(warning),
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
  pushes: z.record(pushAnswer.shape.state.exclude(['not-an-image']), count),
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
    /** By the date of its own data, whenever it was imported; `isStale` after 7 days. */
    ages: z.array(z.object({ ecosystem: z.string(), asOf: z.string(), ageSeconds: count, isStale: z.boolean() })),
    lastImport: z
      .object({ source: z.string(), records: count, changed: count, rejected: count, importedAt: time })
      .nullable(),
  }),
  /** Images that this console let run although they were not scanned, since its start. */
  admission: z.object({ allowedUnscanned: count }),
  /** The processes that run, with an error where the files of now were refused and the last good configuration is in use. */
  configuration: z.array(
    z.object({
      service: z.string(),
      instance: z.string(),
      loadedAt: time,
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
});

/** RFC 9457. */
export const problemAnswer = z.object({
  type: z.string(),
  status: z.int(),
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
});
