import { isCounted } from './counting.js';
import type { Finding } from './finding.js';
import type { ImagePackage } from './package.js';

/** Image to compare with: an earlier version. */
export interface EarlierImage<Of extends Finding = Finding> {
  findings: readonly Of[];
  packages: readonly Pick<ImagePackage, 'purl' | 'state'>[];
  /** Build time; null if unknown. */
  createdAt: Date | null;
}

/**
 * Differences between the findings of two images. A finding that cannot be separated from the
 * change counts as introduced.
 */
export interface FindingChanges<Of extends Finding = Finding> {
  /** Caused by the change. */
  introduced: Of[];
  /**
   * Unrelated to the change: published after the earlier image was built, about packages that it
   * has too.
   */
  newlyPublished: Of[];
  /** The earlier image had them, and they were already published. */
  unchanged: Of[];
  /** Removed by the change. */
  resolved: Of[];
}

/**
 * Lower limit on build times: container images did not exist before; builders without build times
 * write a date of the last century.
 */
const firstImageAt = Date.UTC(2013, 0);

/** Compares by identity: another version or place does not make another finding. */
export function findingChanges<Of extends Finding>(before: EarlierImage<Of>, after: readonly Of[]): FindingChanges<Of> {
  const [old, current] = [before.findings.filter(isCounted), after.filter(isCounted)];
  const known = new Set(old.map(findingIdentity));
  const left = new Set(current.map(findingIdentity));
  const purls = new Set(before.packages.filter(({ state }) => state === 'present').map(({ purl }) => purl));
  const changes: FindingChanges<Of> = { introduced: [], newlyPublished: [], unchanged: [], resolved: [] };
  for (const finding of current) {
    const wasThere = known.has(findingIdentity(finding));
    const isCommon = wasThere || (finding.purl !== null && purls.has(finding.purl));
    if (isCommon && wasPublishedAfter(finding, before.createdAt)) changes.newlyPublished.push(finding);
    else if (wasThere) changes.unchanged.push(finding);
    else changes.introduced.push(finding);
  }
  changes.resolved.push(...old.filter((finding) => !left.has(findingIdentity(finding))));
  return changes;
}

/**
 * Identity of a finding in different images: the value of a secret, else its fingerprint. Versions
 * before 0.3 put the path of a secret into its fingerprint.
 */
export function findingIdentity({ kind, fingerprint, evidence }: Finding): string {
  const { valueFingerprint } = evidence;
  return kind === 'secret' && typeof valueFingerprint === 'string' ? valueFingerprint : fingerprint;
}

/** Publication date of a vulnerability's advisory; null if unknown. */
export function publishedAt({ kind, evidence }: Finding): Date | null {
  const { published } = evidence;
  if (kind !== 'vulnerability' || typeof published !== 'string') return null;
  const time = new Date(published);
  return Number.isNaN(time.getTime()) ? null : time;
}

function wasPublishedAfter(finding: Finding, createdAt: Date | null): boolean {
  const published = publishedAt(finding);
  return published !== null && createdAt !== null && published > createdAt;
}

/** Build time that an image declares; null if it declares none, or an implausible one. */
export function buildTime(created: string | undefined): Date | null {
  const time = Date.parse(created ?? '');
  return time >= firstImageAt ? new Date(time) : null;
}
