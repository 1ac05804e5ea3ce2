import type { PackageRecord } from '@tidewaiter/domain';
import { secretsInText, withMasks } from '@tidewaiter/secrets';

/** Texts that are searched at once: one search looks at a bounded number of places. */
const batch = 256;

/**
 * Packages without secrets in their metadata: a package that is made at home has what its maker wrote into name, version and license.
 * Many are searched at once, since hardly any has one.
 */
export function redactPackages(packages: readonly PackageRecord[]): PackageRecord[] {
  const safe: PackageRecord[] = [];
  for (let start = 0; start < packages.length; start += batch)
    safe.push(...redactBatch(packages.slice(start, start + batch)));
  return safe;
}

function redactBatch(packages: readonly PackageRecord[]): readonly PackageRecord[] {
  const { secrets, isComplete } = secretsInText(packages.map(textOf).join('\n'));
  if (isComplete && secrets.length === 0) return packages;
  return packages.map((each) => {
    const own = secretsInText(textOf(each)).secrets;
    return own.length === 0 ? each : mapTexts(each, (text) => withMasks(text, own));
  });
}

function textOf({ name, version, source, licenses, qualifiers = {} }: PackageRecord): string {
  return [name, version, source.name, source.version, ...licenses, ...Object.values(qualifiers)].join('\n');
}

function mapTexts(record: PackageRecord, change: (text: string) => string): PackageRecord {
  const { name, version, source, licenses, qualifiers } = record;
  return {
    ...record,
    name: change(name),
    version: change(version),
    source: { name: change(source.name), version: change(source.version) },
    licenses: licenses.map(change),
    ...(qualifiers && {
      qualifiers: Object.fromEntries(Object.entries(qualifiers).map(([key, text]) => [key, change(text)])),
    }),
  };
}
