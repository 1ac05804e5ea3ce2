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

// Answer schemas of the API. Controllers are typed by them, and the OpenAPI document is generated
// from them.

const text = z.string().nullable();
const time = z.date();
const count = z.int().nonnegative();
const severity = z.enum(severities);
const baseline = z.object({ tag: text, digest: z.string(), reason: z.enum(baselineReasons), line: text });
const warning = z.object({ code: z.string(), path: text.optional(), message: z.string() });

/** List with the cursor of its next page. */
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
  /**
   * How the push was learned: its registry announced it, reconciliation found it, or it existed
   * when the registry was connected.
   */
  origin: z.enum(['hook', 'reconciled', 'imported']),
  attachedTo: text,
  pushedBy: text,
  pushedAt: time.nullable(),
  receivedAt: time,
  /** `not-an-image`: a signature, an attestation, a chart. */
  state: z.enum(pushStates),
  /** Digest that its tag pointed to before. */
  previousDigest: text,
  /** Baseline with its reason; null without one, and for pushes older than this field. */
  comparedWith: baseline.nullable(),
  /** Time until which its missing signature is not announced; null where none is awaited. */
  signatureDueAt: time.nullable(),
  /** Whether it was reported after a newer push of its tag; then it does not change where the tag points. */
  isLate: z.boolean(),
  verdict: z.enum(['pass', 'fail', 'unknown']).nullable(),
  counts: z.record(severity, count).nullable(),
  /** Number of warnings about unread or unevaluated content. */
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
  /** Creation time of its lowest layer. */
  baseCreatedAt: time.nullable(),
  /** User that it runs as; empty for root. */
  user: text,
  labels: z.record(z.string(), z.string()),
  os: z
    .object({ id: z.string(), versionId: z.string().optional(), name: z.string(), idLike: z.array(z.string()) })
    .nullable(),
  warnings: z.array(warning),
  /** Kinds of findings that were not evaluated. */
  notEvaluated: z.array(z.enum(findingKinds)),
  /** Indexes of the layers that could not be read. */
  unreadLayers: z.array(count),
  /** Null until it is analyzed. */
  analyzedAt: time.nullable(),
});

/** Image with the place where it was last pushed. */
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
  /** Reason of a failed verification; null when verified. */
  code: z.enum(refusalCodes).nullable(),
  reason: text,
  signer: z.object({ name: z.string(), keyFingerprint: text, identity: text, issuer: text }).nullable(),
  subject: z.string(),
  artifact: z.string(),
});

/** Signatures and attestations of an image in one repository. */
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

/** Document that a pipeline sent about an image. */
const pipelineReportAnswer = z.object({
  id: z.string(),
  connection: z.string(),
  kind: z.enum(pipelineReportKinds),
  /** `cyclonedx`, `spdx`, `in-toto` or `run`. */
  format: z.string(),
  /** Version of the format, or the predicate type. */
  version: text,
  imageDigest: z.string(),
  documentDigest: z.string(),
  registry: text,
  repository: text,
  tag: text,
  run: runAnswer.nullable(),
  /** Facts of the run that a CI token proves; the others are claims. */
  proven: z.array(z.string()),
  /** Whether a configured signer has signed the document; always false for unsigned documents. */
  verified: z.boolean(),
  packages: count.nullable(),
  builder: text,
  receivedAt: time,
});

export const imagesAnswer = z.object({
  digest: z.string(),
  /** The image itself, or the images of an index. */
  images: z.array(
    imageAnswer.extend({ packageCount: count, layers: z.array(layerAnswer), provenance: z.array(provenanceAnswer) }),
  ),
  /** Null where no pipeline reported it. */
  pipeline: z
    .object({
      /** The run with the strongest evidence of how the image was built. */
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
  /** Null for a finding outside of the layers. */
  layer: count.nullable(),
  state: presence,
  /** `unknown`: the version could not be compared. */
  match: z.enum(['affected', 'unknown']),
  fix: z.object({ state: z.enum(['fixed', 'not-fixed', 'wont-fix', 'unknown']), version: text }),
  cvss: z.object({ vector: z.string(), score: z.number() }).nullable(),
  /** Whether it is in CISA's catalog of known exploited vulnerabilities. */
  kev: z.boolean(),
  /** EPSS probability of exploitation in the next 30 days, 0 to 1. */
  epss: z.number().nullable(),
  /** Whether a workload runs the image, or did in the last day; null while no sensor reports containers. */
  running: z.boolean().nullable(),
  /**
   * Whether a sensor saw the package executed or loaded; null without such data. False does not
   * prove that it is unused.
   */
  inUse: z.boolean().nullable(),
  confidence: z.enum(['certain', 'likely', 'possible']),
  evidence: z.record(z.string(), z.unknown()),
});

const suppression = z.object({
  /** `vex`: a VEX statement. `ignore`: an ignore file. `exception`: the settings. */
  kind: z.enum(['vex', 'ignore', 'exception']),
  source: z.string(),
  author: text,
  reason: text,
  justification: text,
  until: text,
});

/** `counts`: number of counted findings by severity, as for the push of the image. */
export const imageFindingsAnswer = listOf(
  findingAnswer.extend({
    /**
     * Whether it adds one to `counts`: not if a later layer hides it, if it is suppressed, or if it
     * repeats another one at the same place.
     */
    counted: z.boolean(),
    /** Suppression with its author; null where it is not suppressed. */
    by: suppression.nullable(),
  }),
).extend({ counts: z.record(severity, count) });

const gateFinding = findingAnswer.omit({ platform: true });

const policyResult = z.object({
  name: z.string(),
  mode: z.enum(policyModes),
  /** `unknown` where a fact that decides is missing. */
  result: z.enum(['pass', 'fail', 'unknown']),
  reasons: z.array(z.string()),
});

/** Current suppressions and policy results of the images of a push. */
const evaluationAnswer = z.object({
  suppressed: z.array(gateFinding.extend({ by: suppression })),
  policies: z.array(policyResult),
});

export const pushDetailAnswer = pushAnswer
  .extend({ warnings: z.array(warning), images: z.array(imageAnswer) })
  .extend(evaluationAnswer.shape);

export const gateAnswer = evaluationAnswer.extend({
  image: z.string(),
  digest: text,
  against: text,
  failOn: text,
  pushId: z.uuid(),
  /** Verdict of the push at the time of its analysis. */
  storedVerdict: z.enum(['pass', 'fail', 'unknown']).nullable(),
  result: z.enum(['pass', 'fail', 'unknown']),
  reasons: z.array(z.string()),
  /** Null without a baseline. */
  changes: z
    .object({
      introduced: z.array(gateFinding),
      /** Published only after the baseline was built, about packages that it has too. */
      newlyPublished: z.array(gateFinding),
      unchanged: z.array(gateFinding),
      resolved: z.array(gateFinding),
    })
    .nullable(),
  findings: z.array(gateFinding),
  /** Number of counted findings by severity, each location once for all platforms. */
  counts: z.record(severity, count),
  warnings: z.array(warning),
});

export const deadLetterAnswer = z.object({
  id: z.uuid(),
  stage: z.enum(['event', 'job']),
  /** Consumer or queue whose retries ended. */
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
  /** Queued and running work; `oldestSeconds` is the waiting time of the oldest due job. */
  queues: z.array(z.object({ queue: z.string(), queued: count, running: count, oldestSeconds: z.number() })),
  advisories: z.object({
    advisories: count,
    ecosystems: z.array(z.object({ ecosystem: z.string(), packages: count })),
    /** Sources of advisories, KEV and EPSS: everything published until `asOf` is imported. */
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
    /** Age by the date of the data itself, not of its import; `isStale` after 7 days. */
    ages: z.array(z.object({ ecosystem: z.string(), asOf: z.string(), ageSeconds: count, isStale: z.boolean() })),
    lastImport: z
      .object({ source: z.string(), records: count, changed: count, rejected: count, importedAt: time })
      .nullable(),
  }),
  /** Unscanned images that this console has allowed since its start. */
  admission: z.object({ allowedUnscanned: count }),
  /**
   * Running processes; `error` is set where the current files were rejected and the last good
   * configuration is in use.
   */
  configuration: z.array(
    z.object({
      service: z.string(),
      instance: z.string(),
      loadedAt: time,
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
});

/** Problem details of RFC 9457. */
export const problemAnswer = z.object({
  type: z.string(),
  status: z.int(),
  code: z.string(),
  title: z.string(),
  detail: z.string().optional(),
});
