import type { Exploitation } from '@tidewaiter/advisories';
import type { FindingKind, FindingReason, FixState, Severity } from '@tidewaiter/domain';

/** An image that has, or had, what is wrong. */
export interface FindingPlace {
  /** Host of the registry: `registry.example.com`. */
  registry: string;
  repository: string;
  /** Of an image that no tag points to its last tag, null where it never had one. */
  tag: string | null;
  /** Whether the tag points to the image; one that it does not point to is named by its digest. */
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

/** A vulnerability that came to images, or left them, without a push. */
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
  /** ISO 8601: when the platform learned of it. */
  at: string;
  /** Images that tags point to, or that run although none does. */
  places: FindingPlace[];
}
