import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import { cvePattern, jsonOf } from './exploitation.js';

/** Publishers of lists of known exploited vulnerabilities. */
export const kevLists = ['CISA', 'ENISA', 'VulnCheck'] as const;
export type KevList = (typeof kevLists)[number];

/** Vulnerability that is known to be exploited. */
export interface KevEntry {
  cve: string;
  /** Date on which the publisher added it: `2025-08-25`. */
  addedOn: string;
}

/** List of known exploited vulnerabilities. */
export interface KevCatalog {
  /** ISO 8601; of the newest entry where the list itself has no date. */
  releasedAt: string;
  entries: KevEntry[];
  /** Entries that could not be read. */
  rejected: number;
}

/** CISA's catalog has some 1,600 entries, VulnCheck's some 5,000. */
const maxEntries = 100_000;

const cve = z.string().regex(cvePattern);
const entries = z.array(z.unknown()).min(1).max(maxEntries);

const wholeIndex = z.object({ _meta: z.object({ total_pages: z.literal(1) }), data: entries });

/** Form of a list: its entries, with its own date if it has one, and the CVEs of an entry. */
interface ListForm {
  read: (json: unknown) => { items: unknown[]; releasedAt?: string } | undefined;
  entry: z.ZodType<KevEntry[]>;
}

const forms: Readonly<Record<KevList, ListForm>> = {
  CISA: {
    read: (json) => {
      const catalog = z.object({ dateReleased: z.iso.datetime({ offset: true }), vulnerabilities: entries });
      const { data } = catalog.safeParse(json);
      return data && { items: data.vulnerabilities, releasedAt: new Date(data.dateReleased).toISOString() };
    },
    entry: z
      .object({ cveID: cve, dateAdded: z.iso.date() })
      .transform(({ cveID, dateAdded }) => [{ cve: cveID, addedOn: dateAdded }]),
  },
  ENISA: {
    read: (json) => itemsOf(entries.safeParse(json).data),
    // Days are written `17/01/25`.
    entry: z
      .object({ cveID: cve, dateReported: z.string().regex(/^\d\d\/\d\d\/\d\d$/) })
      .transform(({ cveID, dateReported }) => {
        const [day, month, year] = dateReported.split('/');
        return [{ cve: cveID, addedOn: `20${year}-${month}-${day}` }];
      })
      .refine(([each]) => z.iso.date().safeParse(each!.addedOn).success),
  },
  VulnCheck: {
    // The file of the backup, or the index if it has a single page: a list replaces the one before.
    read: (json) => itemsOf(entries.safeParse(json).data ?? wholeIndex.safeParse(json).data?.data),
    entry: z
      .object({ cve: z.array(cve).min(1).max(100), date_added: z.iso.datetime({ offset: true }) })
      .transform((each) => each.cve.map((id) => ({ cve: id, addedOn: each.date_added.slice(0, 10) }))),
  },
};

function itemsOf(items: unknown[] | undefined): { items: unknown[] } | undefined {
  return items && { items };
}

/**
 * Parses a list in JSON.
 * @throws InvalidInput `KEV_FORMAT`, also if no entry can be read: nothing must empty a list
 * @see https://www.cisa.gov/known-exploited-vulnerabilities-catalog
 * @see https://docs.vulncheck.com/community/vulncheck-kev/schema
 * @see https://github.com/enisaeu/CNW
 */
export function readKev(bytes: Uint8Array, list: KevList = 'CISA'): KevCatalog {
  const { read, entry } = forms[list];
  const { items, releasedAt } = read(jsonOf(bytes)) ?? { items: [], releasedAt: undefined };
  const each = items.map((item) => entry.safeParse(item)).filter(({ success }) => success);
  const known = each.flatMap(({ data }) => data!);
  const newest = known
    .map(({ addedOn }) => addedOn)
    .toSorted()
    .at(-1);
  if (newest === undefined)
    throw new InvalidInput('KEV_FORMAT', `not ${list}'s list of known exploited vulnerabilities in JSON`);
  return {
    releasedAt: releasedAt ?? new Date(newest).toISOString(),
    entries: [...new Map(known.map((one) => [one.cve, one])).values()],
    rejected: items.length - each.length,
  };
}

/** List of a file, by its first bytes; undefined for a file of another content. */
export function kevListOfHead(head: string): KevList | undefined {
  if (/"catalogVersion"\s*:/.test(head) && /"vulnerabilities"\s*:\s*\[/.test(head)) return 'CISA';
  if (/"euvdID"\s*:/.test(head) && /"dateReported"\s*:/.test(head)) return 'ENISA';
  return /"(?:vulncheck_xdb|vulncheck_reported_exploitation)"\s*:/.test(head) ? 'VulnCheck' : undefined;
}
