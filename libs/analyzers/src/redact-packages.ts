import type { PackageRecord } from '@tidewaiter/domain';
import { secretsInText, withMasks } from '@tidewaiter/secrets';

/** Number of texts in one search: one search checks a limited number of places. */
const batch = 256;

/**
 * Masks secrets in package metadata: name, version and license of a private package are its
 * author's text. Many are searched at once, since hardly any has a secret.
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
