import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import { cvePattern, jsonOf } from './exploitation.js';

/** Vulnerability that is known to be exploited. */
export interface KevEntry {
  cve: string;
  /** Date on which CISA added it: `2025-08-25`. */
  addedOn: string;
}

/** CISA's catalog of known exploited vulnerabilities. */
export interface KevCatalog {
  /** ISO 8601. */
  releasedAt: string;
  entries: KevEntry[];
  /** Entries that could not be read. */
  rejected: number;
}

/** The catalog has some 1,600 entries. */
const maxEntries = 100_000;

const catalogSchema = z.object({
  dateReleased: z.iso.datetime({ offset: true }),
  vulnerabilities: z.array(z.unknown()).min(1).max(maxEntries),
});
const entrySchema = z.object({ cveID: z.string().regex(cvePattern), dateAdded: z.iso.date() });

/**
 * Parses the catalog in JSON.
 * @throws InvalidInput `KEV_FORMAT`
 * @see https://www.cisa.gov/known-exploited-vulnerabilities-catalog
 */
export function readKev(bytes: Uint8Array): KevCatalog {
  const catalog = catalogSchema.safeParse(jsonOf(bytes));
  if (!catalog.success) {
    throw new InvalidInput('KEV_FORMAT', "not CISA's catalog of known exploited vulnerabilities in JSON");
  }
  const { dateReleased, vulnerabilities } = catalog.data;
  const read = vulnerabilities.map((each) => entrySchema.safeParse(each)).filter(({ success }) => success);
  const entries = read.map(({ data }) => ({ cve: data!.cveID, addedOn: data!.dateAdded }));
  return {
    releasedAt: new Date(dateReleased).toISOString(),
    entries: [...new Map(entries.map((entry) => [entry.cve, entry])).values()],
    rejected: vulnerabilities.length - read.length,
  };
}
