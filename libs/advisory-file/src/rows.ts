import { crc32 } from 'node:zlib';

import {
  type AdvisoryCandidate,
  type AdvisoryFeed,
  type AdvisoryRecord,
  type AffectedPackage,
  type OsvAdvisory,
  usualEntry,
} from '@tidewaiter/advisories';

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
  const expected: unknown = usualEntry[key as keyof typeof usualEntry];
  return value === expected || (Array.isArray(expected) && Array.isArray(value) && value.length === 0);
}

/** Restores the entries of {@link affectedRows}. */
export function candidatesOf(row: AffectedRow, advisory: AdvisoryRecord): AdvisoryCandidate[] {
  const { ecosystem, release, name, entries } = row;
  const common = { ecosystem, release: release === '' ? null : release, name, advisory };
  const stored = JSON.parse(entries) as Omit<AffectedPackage, keyof AffectedKey>[];
  return stored.map((entry) => ({ ...usualEntry, ...entry, ...common }));
}

/**
 * Texts of the entries of a row, as they are where it has one, which is the rule. `count` is their
 * number.
 */
export function entryTexts(entries: string, count: number): string[] {
  if (count === 1 && entries.startsWith('[{') && entries.endsWith('}]')) return [entries.slice(1, -1)];
  return (JSON.parse(entries) as unknown[]).map((entry) => JSON.stringify(entry));
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
