import type { Exploitation } from '@tidewaiter/advisories';
import type { FindingKind, FindingReason, FixState, Severity } from '@tidewaiter/domain';

/** Image that has, or had, the vulnerability. */
export interface AffectedPlace {
  /** Host of the registry: `registry.example.com`. */
  registry: string;
  repository: string;
  /** Tag of the image; the last one where no tag points to it now, null where it never had one. */
  tag: string | null;
  /** Whether the tag still points to the image; if not, messages name the image by its digest. */
  isTagged: boolean;
  digest: string;
  packageName: string;
  packageType: string;
  installedVersion: string;
  /** `unknown`: the version could not be compared. */
  match: 'affected' | 'unknown';
  fix: { state: FixState; version: string | null };
  /** Whether a workload runs the image; absent or null while no sensor reports containers. */
  running?: boolean | null;
  /** Some of the workloads that run it: `payments/Deployment/api`. */
  workloads?: readonly string[];
  /** The owner of the image; null where none is known. */
  owner: string | null;
}

/** Vulnerability that appeared in images, or left them, without a push. */
export interface FindingReport {
  kind: FindingKind;
  id: string;
  advisoryId: string;
  title: string;
  severity: Severity;
  exploitation: Exploitation;
  status: 'opened' | 'resolved';
  /** Why it is announced now. */
  reason: FindingReason;
  /** Time when Tidewaiter learned of it, ISO 8601. */
  at: string;
  /** Images that a tag points to, or that run without one. */
  places: AffectedPlace[];
}
