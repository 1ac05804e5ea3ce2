import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { collectPackages, linesOf, oneLine } from '../package-database.js';
import { isTestData, pypiRecord } from '../pypi.js';
import { zipEntries } from '../zip.js';

/**
 * Limit on the metadata that is read: name and version are at the top, the rest can only be a long
 * description.
 */
const maxHeaderBytes = 4 << 20;
/** Longer values are the text of a license and not its name. */
const maxLicenseLength = 100;
const maxLicenses = 16;

/**
 * Installed Python distributions. @see
 * https://packaging.python.org/en/latest/specifications/core-metadata/
 */
export const pythonPackage: Analyzer = {
  name: 'python-package',
  version: 3,
  wants: (path, head) => (isMetadata(path) || isZippedEgg(path, head)) && !isTestData(path),
  analyze: (file) => {
    const all = metadataOf(file);
    return {
      ...collectPackages(all.map((metadata) => readDistribution(metadata, file.path))),
      ...(all.some(isUnpublished) && { isUnpublished: true }),
    };
  },
};

/**
 * Whether PyPI rejects a distribution of this metadata, so that it is the user's own.
 * @see https://packaging.python.org/en/latest/specifications/core-metadata/#classifier-multiple-use
 */
function isUnpublished(metadata: Buffer): boolean {
  return (
    fieldsOf(metadata)
      .get('classifier')
      ?.some((each) => each.startsWith('Private ::')) ?? false
  );
}

function isMetadata(path: string): boolean {
  if (path.endsWith('.egg-info') || path.endsWith('.dist-info/METADATA')) return true;
  return path.endsWith('/PKG-INFO') && (path.endsWith('.egg-info/PKG-INFO') || path.endsWith('/EGG-INFO/PKG-INFO'));
}

function isZippedEgg(path: string, head: Uint8Array): boolean {
  return path.endsWith('.egg') && head[0] === 0x50 && head[1] === 0x4b;
}

function metadataOf({ path, content }: SourceFile): Buffer[] {
  if (!path.endsWith('.egg')) return [content];
  return zipEntries(content)
    .filter(({ name }) => name === 'EGG-INFO/PKG-INFO')
    .map((entry) => entry.read());
}

/** Distribution of a `METADATA` or `PKG-INFO`. */
export function readDistribution(metadata: Buffer, foundIn: string): PackageRecord | 'unreadable' | undefined {
  const fields = fieldsOf(metadata);
  const name = fields.get('name')?.[0];
  // Name that setuptools gives to a project without a name.
  if (name === 'UNKNOWN') return undefined;
  return pypiRecord({ name, version: fields.get('version')?.[0], licenses: licensesOf(fields), foundIn });
}

const usedFields = new Set(['name', 'version', 'license', 'license-expression', 'classifier']);

const fieldsOf = (metadata: Buffer): Fields => readFields(metadata.toString('utf8', 0, maxHeaderBytes));

type Fields = ReadonlyMap<string, readonly string[]>;

/**
 * Parses headers as Python does: they end at the first line that is no header. A folded value keeps
 * its lines.
 */
function readFields(text: string): Fields {
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of linesOf(text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n'))) {
    if (/^[ \t]/.test(line)) {
      if (current) appendFolded(current, line.trim());
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1) break;
    const name = line.slice(0, colon).toLowerCase();
    current = usedFields.has(name) ? (fields.get(name) ?? []) : undefined;
    if (!current) continue;
    current.push(line.slice(colon + 1).trim());
    fields.set(name, current);
  }
  return fields;
}

/**
 * Appends up to a length: the value may be the whole text of a license, in as many lines as the
 * file has bytes.
 */
function appendFolded(values: string[], line: string): void {
  const value = values.pop() ?? '';
  values.push(value.length > maxLicenseLength ? value : `${value}\n${line}`.trim());
}

function licensesOf(fields: Fields): string[] {
  const [expression] = fields.get('license-expression') ?? [];
  if (expression && isLicenseName(expression)) return [oneLine(expression)];
  const [license] = fields.get('license') ?? [];
  if (license && isLicenseName(license)) return [oneLine(license)];
  const classified = (fields.get('classifier') ?? []).flatMap(classifiedLicense);
  return [...new Set(classified)].slice(0, maxLicenses);
}

function isLicenseName(text: string): boolean {
  return text.length <= maxLicenseLength && !text.includes('\n') && text.toUpperCase() !== 'UNKNOWN';
}

/** `License :: OSI Approved :: MIT License` names one, `License :: OSI Approved` does not. */
function classifiedLicense(classifier: string): string[] {
  const [topic, ...path] = classifier.split('::', 8).map((part) => part.trim());
  const name = path.at(-1);
  if (topic !== 'License' || !name || name === 'OSI Approved' || !isLicenseName(name)) return [];
  return [oneLine(name)];
}
