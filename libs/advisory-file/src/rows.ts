import { crc32 } from 'node:zlib';

import type { AdvisoryCandidate, AdvisoryFeed, AffectedPackage, OsvAdvisory } from '@tidewaiter/advisories';

/** Advisory without its affected packages. */
export type AdvisoryRecord = Omit<OsvAdvisory, 'affected' | 'dropped'>;

/** Default values of most entries, which are not stored. */
const usual: Partial<AffectedPackage> = {
  versions: [],
  severity: null,
  unfixed: 'not-fixed',
  isIncomplete: false,
};

/** Key of the entries of an advisory about a package. */
export interface AffectedKey {
  ecosystem: string;
  /** '' if the advisory names none. */
  release: string;
  name: string;
}

export interface AffectedRow extends AffectedKey {
  entries: string;
}

/** One row for each package of each release, for any number of entries about it. */
export function affectedRows(affected: readonly AffectedPackage[]): AffectedRow[] {
  const rows = new Map<string, AffectedKey & { entries: unknown[] }>();
  for (const { ecosystem, release: named, name, ...entry } of affected) {
    const release = named ?? '';
    const key = [ecosystem, release, name].join('\n');
    const row = rows.get(key) ?? { ecosystem, release, name, entries: [] };
    row.entries.push(unusual(entry));
    rows.set(key, row);
  }
  return [...rows.values()].map((row) => ({ ...row, entries: JSON.stringify(row.entries) }));
}

function unusual(entry: Omit<AffectedPackage, keyof AffectedKey>): object {
  return Object.fromEntries(Object.entries(entry).filter(([key, value]) => !isUsual(key, value)));
}

function isUsual(key: string, value: unknown): boolean {
  const expected = usual[key as keyof AffectedPackage];
  return value === expected || (Array.isArray(expected) && Array.isArray(value) && value.length === 0);
}

/** Restores the entries of {@link affectedRows}. */
export function candidatesOf(row: AffectedRow, advisory: AdvisoryRecord): AdvisoryCandidate[] {
  const { ecosystem, release, name, entries } = row;
  const common = { ecosystem, release: release === '' ? null : release, name, advisory };
  return (JSON.parse(entries) as object[]).map((entry) => ({ ...usual, ...entry, ...common }) as AdvisoryCandidate);
}

export function recordText({ affected: _, dropped: __, ...record }: OsvAdvisory): string {
  return JSON.stringify(record satisfies AdvisoryRecord);
}

export function feedText(feed: AdvisoryFeed): string {
  return JSON.stringify(feed);
}

/** Checksum that includes the key: a row in the wrong place would be about another package. */
export function checksumOf(...parts: readonly string[]): number {
  return crc32(parts.join('\n'));
}
