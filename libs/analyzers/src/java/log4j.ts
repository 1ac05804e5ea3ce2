import type { PackageRecord } from '@tidewaiter/domain';

const name = 'org.apache.logging.log4j:log4j-core';
/** No order of versions takes it for one. */
const unknownVersion = '(unknown)';
/** Also where shading moved it into packages of other names. */
const coreClass = /(?:^|\/)log4j\/core\/LoggerContext\.class$/;
const lookupClass = /(?:^|\/)log4j\/core\/lookup\/JndiLookup\.class$/;

/**
 * What its classes say of Log4j in an archive, whose records are `known`. It is told from the others because so many have patched it
 * by deleting a class, and have shaded it without a trace of its name.
 */
export function* log4jIn(
  entryNames: readonly string[],
  known: readonly PackageRecord[],
  foundIn: string,
): Generator<PackageRecord> {
  const hasCore = entryNames.some((entry) => coreClass.test(entry));
  const hasLookup = entryNames.some((entry) => lookupClass.test(entry));
  const named = known.filter((record) => record.name === name);
  if (hasCore && !hasLookup)
    for (const record of named) yield { ...record, qualifiers: { without: 'JndiLookup.class' } };
  if (hasCore && hasLookup && named.length === 0)
    yield {
      type: 'maven',
      name,
      version: unknownVersion,
      source: { name, version: unknownVersion },
      licenses: [],
      foundIn,
    };
}
