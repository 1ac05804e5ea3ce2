import {
  buildTime,
  findingKinds,
  type FindingKind,
  type IncompleteEffect,
  type ImagePackage,
  type OsRelease,
  type Provenance,
} from '@tidewaiter/domain';
import { baseBuildTime, type Warning } from '@tidewaiter/oci';
import {
  type EvaluationGap,
  evaluationGaps,
  findingFacts,
  imageFacts,
  packageFacts,
  type PolicyFacts,
  provenanceFacts,
} from '@tidewaiter/policy';
import type { ReportFinding } from '@tidewaiter/reports';

import type { ImageSource } from '../sources/image-source.js';
import { identityOf } from './image-identity.js';

/** Facts about an image that a scan collects. */
export interface ScannedImage {
  reference: string;
  source: ImageSource;
  os: OsRelease | null;
  packages: readonly ImagePackage[];
  findings: readonly ReportFinding[];
  /** Requested kinds of findings. */
  kinds: ReadonlySet<FindingKind>;
  warnings: readonly Warning[];
  onIncomplete: IncompleteEffect;
  startedAt: Date;
  /** ISO 8601; null without advisories. */
  asOf: string | null;
  /** Null where no signature check was requested. */
  provenance: Provenance | null;
}

/**
 * Policy facts that files provide: not whether the image runs, nor the platform's settings for its
 * repository.
 */
export function factsOf(known: ScannedImage): PolicyFacts {
  const { reference, source, os, packages, findings, startedAt, asOf, provenance } = known;
  const identity = identityOf(reference, source);
  const { digest, platform, config } = source;
  return {
    image: imageFacts(identity, {
      digest,
      platform,
      os,
      createdAt: buildTime(config?.created),
      baseCreatedAt: config && baseBuildTime(config),
      user: config && (config.user ?? ''),
      labels: config && config.labels,
    }),
    findings: findingFacts(findings),
    packages: packages.map(packageFacts),
    gaps: [...gapsOf(known), ...evaluationGaps(known.warnings, findings, known.onIncomplete)],
    repository: {
      ...(identity.repository !== null && { name: identity.repository }),
      ...(provenance && { signerRequired: true }),
    },
    ...(provenance && { provenance: provenanceFacts(provenance) }),
    ...(asOf !== null && { advisories: { asOf: new Date(asOf) } }),
    now: startedAt,
  };
}

/** Kinds that do not apply to this target, and kinds that the user excluded. */
function gapsOf({ source, os, kinds }: ScannedImage): EvaluationGap[] {
  const absent = absentKinds(source, os);
  return findingKinds.flatMap((kind) => {
    if (absent.includes(kind)) return { kind, reason: 'this kind of target does not show them' };
    return kinds.has(kind) ? [] : { kind, reason: 'left out by --kinds' };
  });
}

/**
 * Kinds that a target cannot have: a file shows how an image is built or run, an SBOM its packages,
 * and the root of an image no config.
 */
function absentKinds({ checked, listed, config, fileFindings }: ImageSource, os: OsRelease | null): FindingKind[] {
  if (checked) return findingKinds.filter((kind) => kind !== 'misconfiguration');
  if (listed) return ['secret', 'misconfiguration', 'integrity'];
  return config || (fileFindings && os === null) ? [] : ['misconfiguration'];
}
