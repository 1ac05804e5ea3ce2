import {
  attestationKinds,
  findingKinds,
  pipelineReportKinds,
  refusalCodes,
  severities,
  fixStates,
  matchStates,
  presences,
  reachabilities,
  verdicts,
} from '@tidewaiter/domain';
import { imageFields } from '@tidewaiter/query';
import { imageList, type ImageRow } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import { listOf } from '../http/paging.js';
import type { SchemaOf } from '../http/row-schemas.js';

export const imagesQuery = listQuery(imageList, imageFields, '-pushed');

export const imageExportQuery = exportQuery(imageList, imageFields, '-pushed');

export const findingsQuery = z.strictObject({
  /**
   * Id of the push whose repository and tag select the exceptions; by default the newest push of
   * the image.
   */
  push: z.uuid().optional(),
});

const severity = z.enum(severities);

export const warning = z.object({ code: z.string(), path: text.optional(), message: z.string() });

/** Columns that the answer leaves out: they are between the scanner and the store. */
type InternalOfImage = 'config' | 'configVersion' | 'analyzersVersion' | 'newestPushId' | 'pushedAt' | 'hiddenContents';

export const imageAnswer = z.object({
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
} satisfies SchemaOf<ImageRow, InternalOfImage>);

/** Image with the place and the verdict of its newest push. */
export const listedImageAnswer = imageAnswer.extend({
  connection: z.string(),
  repository: z.string(),
  tag: text,
  receivedAt: time,
  verdict: z.enum(verdicts).nullable(),
  /** Severity of its worst counted finding; null without any. */
  severity: severity.nullable(),
  /** Whether a workload runs it; null while no sensor reports containers. */
  running: z.boolean().nullable(),
});

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

const severityCounts = z.record(severity, count);

/** A layer with what it brought. */
export const imageLayerAnswer = layerAnswer.extend({
  imageDigest: z.string(),
  platform: z.string(),
  /** Packages that are present in the image. */
  packages: count,
  /** Counted findings by severity. */
  findings: severityCounts,
  secrets: count,
});

export const relatedImageAnswer = z.object({
  /** Image of the asked digest that shares the layers. */
  imageDigest: z.string(),
  digest: z.string(),
  /** `base`: all of its layers are the lowest ones of the image; `derived`: the reverse. */
  relation: z.enum(['base', 'derived', 'layers']),
  sharedLayers: count,
  layers: count,
  /** Place of its newest push. */
  repository: text,
  tag: text,
});

/** Base of an image, and newer images that could take its place. */
export const imageBaseAnswer = z.object({
  imageDigest: z.string(),
  platform: z.string(),
  /** Base that labels of the image name. */
  label: z.object({ name: text, digest: text }),
  /** Pushed image whose layers are the lowest ones of the image; null where none is known. */
  base: z
    .object({
      digest: z.string(),
      repository: text,
      tag: text,
      layers: count,
      /** Counted vulnerabilities of the image that come from these layers. */
      vulnerabilities: count,
    })
    .nullable(),
  /** Newer images of the base's repositories, the most useful first. */
  options: z.array(
    z.object({
      digest: z.string(),
      registry: z.string(),
      repository: z.string(),
      tag: z.string(),
      pushId: z.uuid(),
      receivedAt: time,
      /** Whether its tag has pointed to the base: a rebuild suffices. */
      isSameTag: z.boolean(),
      /** Vulnerabilities from the layers of the base that it would close. */
      closes: count,
      closesWorst: severity.nullable(),
      /** Vulnerabilities of the base that it has, too. */
      keeps: count,
      /** Vulnerabilities that it has and the image has not. */
      adds: count,
    }),
  ),
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

const presence = z.enum(presences);

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

const confidences = ['certain', 'likely', 'possible'] as const;

/** A place in which the value of a secret stands. */
const findingLocation = z.object({
  path: text,
  line: count.optional(),
  layer: count.nullable(),
  state: presence,
  removedInLayer: count.optional(),
  /** `file`, or the part of the configuration: env, label, history, cmd, entrypoint. */
  origin: z.string(),
  name: z.string().optional(),
  /** Rule that matched here. */
  rule: z.string(),
  title: z.string(),
  severity,
  confidence: z.enum(confidences),
  masked: z.string().optional(),
  /** Purl of the package that the file belongs to. */
  package: z.string().optional(),
  /** Whether the file is as its package published it, and the evidence for that. */
  fileOrigin: z.string().optional(),
  /** Whether it counts as published with the package, and not as the user's. */
  isPublic: z.boolean().optional(),
  /** Only where the places hold different values. */
  valueFingerprint: z.string().optional(),
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
  match: z.enum(matchStates),
  fix: z.object({ state: z.enum(fixStates), version: text }),
  /** `not-linked`: no Go program of the image has the vulnerable functions. Absent if unknown. */
  reachability: z.enum(reachabilities).optional(),
  cvss: z.object({ vector: z.string(), score: z.number() }).nullable(),
  /** Whether it is in a list of known exploited vulnerabilities. */
  kev: z.boolean(),
  /** Publishers of these lists: `CISA`, `ENISA`, `VulnCheck`; absent if there are none. */
  kevLists: z.array(z.string()).optional(),
  /** EPSS probability of exploitation in the next 30 days, 0 to 1. */
  epss: z.number().nullable(),
  /**
   * Whether a workload runs the image, or did in the last day; null while no sensor reports
   * containers.
   */
  running: z.boolean().nullable(),
  /**
   * Whether a sensor saw the package executed or loaded; null without such data. False does not
   * prove that it is unused.
   */
  inUse: z.boolean().nullable(),
  confidence: z.enum(confidences),
  evidence: z.record(z.string(), z.unknown()),
  /** Every place of a secret, the primary one first; absent for other kinds. */
  locations: z.array(findingLocation).optional(),
  /** Number of places that `locations` does not list. */
  moreLocations: count.optional(),
});

export const suppression = z.object({
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
