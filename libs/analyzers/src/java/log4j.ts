import type { PackageRecord } from '@tidewaiter/domain';

const name = 'org.apache.logging.log4j:log4j-core';
/** Placeholder that no version comparison accepts as a version. */
const unknownVersion = '(unknown)';
/** Class of log4j-core, also after shading moved it into packages of other names. */
const coreClass = /(?:^|\/)log4j\/core\/LoggerContext\.class$/;
const lookupClass = /(?:^|\/)log4j\/core\/lookup\/JndiLookup\.class$/;

/**
 * Detects Log4j in an archive by its classes; `known` are the archive's other records. It is a
 * special case because many users patched it by deleting a class, or shaded it without a trace of
 * its name.
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
