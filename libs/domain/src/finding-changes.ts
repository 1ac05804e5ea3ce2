import { isCounted } from './counting.js';
import type { Finding } from './finding.js';
import type { ImagePackage } from './package.js';

/** What an image is compared with. */
export interface EarlierImage<Of extends Finding = Finding> {
  findings: readonly Of[];
  packages: readonly Pick<ImagePackage, 'purl' | 'state'>[];
  /** When it was built; null where nobody knows. */
  createdAt: Date | null;
}

/** The findings of two images. What cannot be told from what the change brought counts as brought. */
export interface FindingChanges<Of extends Finding = Finding> {
  /** The change brought them. */
  introduced: Of[];
  /** The change has nothing to do with them: they became known after the earlier image was built, about packages that it has too. */
  newlyPublished: Of[];
  /** The earlier image had them, and they were known. */
  unchanged: Of[];
  /** The change took them away. */
  resolved: Of[];
}

/** Images did not exist before; builders that keep no time write some day of the last century. */
const firstImageAt = Date.UTC(2013, 0);

/** Compares by fingerprint: neither version nor place makes another finding. */
export function findingChanges<Of extends Finding>(before: EarlierImage<Of>, after: readonly Of[]): FindingChanges<Of> {
  const [old, current] = [before.findings.filter(isCounted), after.filter(isCounted)];
  const known = new Set(old.map(({ fingerprint }) => fingerprint));
  const left = new Set(current.map(({ fingerprint }) => fingerprint));
  const purls = new Set(before.packages.filter(({ state }) => state === 'present').map(({ purl }) => purl));
  const changes: FindingChanges<Of> = { introduced: [], newlyPublished: [], unchanged: [], resolved: [] };
  for (const finding of current) {
    const wasThere = known.has(finding.fingerprint);
    const isCommon = wasThere || (finding.purl !== null && purls.has(finding.purl));
    if (isCommon && wasPublishedAfter(finding, before.createdAt)) changes.newlyPublished.push(finding);
    else if (wasThere) changes.unchanged.push(finding);
    else changes.introduced.push(finding);
  }
  changes.resolved.push(...old.filter(({ fingerprint }) => !left.has(fingerprint)));
  return changes;
}

/** The day on which a vulnerability's advisory was published; null where nobody says. */
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

/** When an image says that it was built; null where it does not, or cannot mean it. */
export function buildTime(created: string | undefined): Date | null {
  const time = Date.parse(created ?? '');
  return time >= firstImageAt ? new Date(time) : null;
}
