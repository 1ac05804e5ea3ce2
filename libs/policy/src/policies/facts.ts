import type { FindingKind, Severity } from '@tidewaiter/domain';

import type { EvaluationGap } from './evaluation-gaps.js';

// Facts that policies can query. An absent fact is unknown, which differs from false or empty.

export interface PolicyFacts {
  image: PolicyImage;
  findings: readonly FindingFacts[];
  packages: readonly PackageFacts[];
  /** Reasons for which `findings` and `packages` may be incomplete; empty if both are complete. */
  gaps?: readonly EvaluationGap[];
  provenance?: ProvenanceFacts;
  repository?: RepositoryFacts;
  /** Whether a workload runs the image, or is about to. */
  running?: boolean;
  advisories?: { asOf?: Date };
  now: Date;
}

export interface PolicyImage {
  reference: string;
  digest?: string;
  tag?: string;
  platform?: string;
  os?: { id: string; versionId?: string };
  createdAt?: Date;
  /** Creation time of the lowest layer, and so of the base image. */
  baseCreatedAt?: Date;
  /** User; empty for root. */
  user?: string;
  labels?: Record<string, string>;
}

export interface FindingFacts {
  kind: FindingKind;
  id: string;
  aliases: readonly string[];
  severity: Severity;
  title: string;
  fingerprint: string;
  package?: string;
  version?: string;
  purl?: string;
  path?: string;
  layer?: number;
  /** Whether it counts: not hidden by a later layer; a secret counts even when hidden. */
  counted: boolean;
  fixable: boolean;
  fixedIn?: string;
  kev?: boolean;
  epss?: number;
  cvss?: number;
  confidence: 'certain' | 'likely' | 'possible';
  reachability: 'linked' | 'not-linked' | 'unknown';
  published?: Date;
  /** Every place of a secret; the file of other findings, if they have one. */
  locations?: readonly LocationFacts[];
}

export interface LocationFacts {
  rule: string;
  title: string;
  severity: Severity;
  confidence: FindingFacts['confidence'];
  /** `file`, `env`, `label`, `history`, `cmd` or `entrypoint`. */
  origin: string;
  path?: string;
  line?: number;
  layer?: number;
  /** Whether a later layer deletes or replaces the file. */
  deleted: boolean;
}

export interface PackageFacts {
  purl: string;
  type: string;
  name: string;
  version: string;
  licenses: readonly string[];
  counted: boolean;
}

export interface ProvenanceFacts {
  /** Whether a trusted signer has signed the image or an attestation of it. */
  signed: boolean;
  signers: readonly string[];
  builders: readonly string[];
  sources: readonly string[];
  revisions: readonly string[];
}

export interface RepositoryFacts {
  name?: string;
  /** Whether the settings require a signature. */
  signerRequired?: boolean;
}
