import type { Digest, Finding, Incident, Resolution, RevisionKind, Severity, SeverityCounts } from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';

/** Data for the message about an incident. */
export interface IncidentReport {
  incident: ReportedIncident;
  /** Reported revisions of the incident, oldest first. */
  revisions: ReportedRevision[];
  context: { image: ReportedImage | null; reach: ReportedReach };
  /** Owner of the place where it happened; null where none is known. */
  owner: string | null;
}

/** Incident with the fields that users see and set. */
export interface ReportedIncident extends Incident {
  number: number;
  resolvedBy: string | null;
  resolution: Resolution | null;
  assignee: string | null;
  snoozedUntil: Date | null;
}

/** News of one revision of an incident. */
export interface ReportedRevision {
  revision: number;
  kind: RevisionKind;
  severity: Severity;
  news: string[];
  /** User who caused the revision; null where no user did. */
  actor: string | null;
  comment: string | null;
}

/** Image in which the incident happened; null where no push of it is known. */
export interface ReportedImage {
  digest: Digest;
  push: { pushedAt: Date | null; receivedAt: Date; pushedBy: string | null };
  changes: PushChanges | null;
  counts: SeverityCounts;
  /** Whether all of the image could be evaluated, so that zero findings means there are none. */
  isEvaluated: boolean;
  /** Most urgent findings of the image. */
  findings: (Pick<Finding, 'id' | 'packageName'> & { kev: boolean })[];
  provenance: {
    isSigned: boolean | null;
    signers: string[];
    builder: string | null;
    source: string | null;
    revision: string | null;
  };
}

/** Blast radius of the incident; the lists are cut, the totals are not. */
export interface ReportedReach {
  images: { items: { shares: string }[]; total: number };
  workloads: { items: { exposed: boolean | null }[]; total: number };
  incidents: { number: number }[];
}
