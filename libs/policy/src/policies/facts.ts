import type { FindingKind, Severity } from '@tidewaiter/domain';

import type { EvaluationGap } from './evaluation-gaps.js';

// What policies may ask. A fact that is left out is not known, which is something else than no or none.

export interface PolicyFacts {
  image: ImageFacts;
  findings: readonly FindingFacts[];
  packages: readonly PackageFacts[];
  /** Why `findings` and `packages` may lack something; none where both are complete. */
  gaps?: readonly EvaluationGap[];
  provenance?: ProvenanceFacts;
  repository?: RepositoryFacts;
  /** Whether a workload runs the image, or is about to. */
  running?: boolean;
  advisories?: { asOf?: Date };
  now: Date;
}

export interface ImageFacts {
  reference: string;
  digest?: string;
  tag?: string;
  platform?: string;
  os?: { id: string; versionId?: string };
  createdAt?: Date;
  /** When the lowest layer was made, which is what the image stands on. */
  baseCreatedAt?: Date;
  /** Empty for root. */
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
  /** Whether it counts: not hidden by a later layer, or a secret all the same. */
  counted: boolean;
  fixable: boolean;
  fixedIn?: string;
  kev?: boolean;
  epss?: number;
  cvss?: number;
  confidence: 'certain' | 'likely' | 'possible';
  published?: Date;
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
  /** Whether somebody who is trusted has signed the image or stated something of it. */
  signed: boolean;
  signers: readonly string[];
  builders: readonly string[];
  sources: readonly string[];
  revisions: readonly string[];
}

export interface RepositoryFacts {
  name?: string;
  /** Whether the settings ask for a signature. */
  signerRequired?: boolean;
}
