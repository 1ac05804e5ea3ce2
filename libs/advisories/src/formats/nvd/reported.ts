import { z } from 'zod';

import type { AffectedPackage } from '../../affected-package.js';
import { anything, readEach, shortText } from '../../osv-parts.js';
import { programOfCpe, programReportedAs } from '../../programs/programs.js';
import type { VersionEvent } from '../../ranges.js';
import { readCpe } from './cpe.js';
import { mergedEntries, programEntry } from './program-entry.js';

const sourceSchema = z.object({ affectedData: anything });
const text = shortText.optional().catch(undefined);
const productSchema = z.object({
  vendor: text,
  product: text,
  packageName: text,
  cpes: anything,
  defaultStatus: text,
  versions: anything,
});
const changeSchema = z.object({ at: shortText, status: shortText });
const versionSchema = z.object({
  version: shortText,
  status: z.enum(['affected', 'unaffected', 'unknown']),
  versionType: text,
  lessThan: text,
  lessThanOrEqual: text,
  changes: anything,
});

type Product = z.infer<typeof productSchema>;
type Versions = z.infer<typeof versionSchema>;

/** Words for "from the first version". */
const beginning = /^(?:0|\*|-|n\/a|unspecified|unknown|all)$/i;

/**
 * Entries of the products that the reporter of a vulnerability names, in the form of CVE records.
 * NVD did not review them.
 * @see https://cveproject.github.io/cve-schema/schema/docs/#oneOf_i0_containers_cna_affected
 */
export function reportedEntries(affected: unknown, dropped: string[]): AffectedPackage[] {
  const sources = readEach(affected, sourceSchema, 'affected', dropped);
  const products = sources.flatMap(({ affectedData }) => readEach(affectedData, productSchema, 'affected', dropped));
  return mergedEntries(products.flatMap((product) => entriesOf(product, dropped)));
}

function entriesOf(product: Product, dropped: string[]): AffectedPackage[] {
  const known = identify(product, dropped);
  if (!known) return [];
  const versions = readEach(product.versions, versionSchema, 'affected versions', dropped);
  return versions.flatMap((each) => {
    if (each.status !== 'affected' || each.versionType === 'git') return [];
    const events = eventsOf(each, dropped);
    const listed = events === undefined && !beginning.test(each.version) ? [each.version] : [];
    if (events === undefined && listed.length === 0) return [];
    const ranges = events === undefined ? [] : [{ type: 'ECOSYSTEM' as const, events }];
    return [programEntry(known.program, { cpe: known.cpe, versions: listed, ranges, doubt: 'unreviewed' })];
  });
}

function identify({ vendor, product, cpes }: Product, dropped: string[]) {
  for (const text of readEach(cpes, z.string(), 'affected cpes', dropped)) {
    const cpe = readCpe(text);
    const program = cpe && programOfCpe(cpe.product);
    if (program) return { program, cpe: cpe.product };
  }
  if (vendor === undefined || product === undefined) return undefined;
  const name = `${vendor}:${product}`.toLowerCase().replaceAll(/\s+/g, '_');
  const program = programReportedAs(name);
  return program && { program, cpe: name };
}

/** Events of a range; undefined for a single version. */
function eventsOf(versions: Versions, dropped: string[]): VersionEvent[] | undefined {
  const { version, lessThan, lessThanOrEqual } = versions;
  const changes = readEach(versions.changes, changeSchema, 'affected changes', dropped);
  if (lessThan === undefined && lessThanOrEqual === undefined && changes.length === 0) return undefined;
  const events: VersionEvent[] = [{ introduced: beginning.test(version) ? '0' : version }];
  for (const { at, status } of changes) {
    const isOpen = 'introduced' in events.at(-1)!;
    if (status === 'unaffected' && isOpen) events.push({ fixed: at });
    if (status === 'affected' && !isOpen) events.push({ introduced: at });
  }
  if (!('introduced' in events.at(-1)!)) return events;
  // `7.*` is all of 7, and a lone `*` has no end.
  if (isEnd(lessThan)) events.push({ fixed: lessThan });
  else if (isEnd(lessThanOrEqual)) events.push({ last_affected: lessThanOrEqual });
  return events;
}

function isEnd(bound: string | undefined): bound is string {
  return bound !== undefined && /^v?\d/.test(bound) && !bound.includes('*');
}
