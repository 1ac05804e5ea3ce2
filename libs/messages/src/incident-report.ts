import type { Digest, Finding, Incident, SeverityCounts, Severity } from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';

/** Everything there is to tell of an incident. */
export interface IncidentReport {
  incident: ToldIncident;
  /** What people were told, oldest first. */
  revisions: ToldRevision[];
  context: { image: ToldImage | null; reach: ToldReach };
  /** Who answers for what it happened in; null where nobody says. */
  owner: string | null;
}

/** An incident as people know it: by its number, and by who ended it. */
export interface ToldIncident extends Incident {
  number: number;
  resolvedBy: string | null;
}

/** What was new in one state. */
export interface ToldRevision {
  revision: number;
  kind: 'opened' | 'updated' | 'acknowledged' | 'worsened' | 'reopened' | 'resolved' | 'merged';
  severity: Severity;
  news: string[];
  /** The person who did it; null where nobody did. */
  actor: string | null;
}

/** The image that it happened in; null where it is not known, or was never pushed to where we look. */
export interface ToldImage {
  digest: Digest;
  push: { pushedAt: Date | null; receivedAt: Date; pushedBy: string | null };
  changes: PushChanges | null;
  counts: SeverityCounts;
  /** Whether everything in it could be judged, so that nothing found means something. */
  isJudged: boolean;
  /** The most pressing of its findings. */
  findings: (Pick<Finding, 'id' | 'packageName'> & { kev: boolean })[];
  provenance: {
    isSigned: boolean | null;
    signers: string[];
    builder: string | null;
    source: string | null;
    revision: string | null;
  };
}

/** What else has what it was about; the lists are cut, the totals are not. */
export interface ToldReach {
  images: { items: { shares: string }[]; total: number };
  workloads: { items: { exposed: boolean | null }[]; total: number };
  incidents: { number: number }[];
}
