import type { OwnedFiles, PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { collectOwned } from '../owned-files.js';
import { collectPackages, isToken, readArch, stanzasOf } from '../package-database.js';
import { conffilesOf } from './conffiles.js';
import { isThirdParty, provenanceFields } from './third-party.js';

// Distroless images have `status.d`: a file for each package, possibly with a list of digests
// beside it. In `updates` are the packages of a run that ended before dpkg merged them.
const database = /^var\/lib\/dpkg\/(status|updates\/\d{1,8}|status\.d\/[^/]+(?<!\.md5sums))$/;

/**
 * Whether the files of a package in this state are on the disk. @see
 * https://manpages.debian.org/dpkg.1 "Package states"
 */
const states = new Map([
  ['installed', true],
  ['unpacked', true],
  ['half-configured', true],
  ['triggers-awaited', true],
  ['triggers-pending', true],
  ['half-installed', false],
  ['config-files', false],
  ['not-installed', false],
]);

/**
 * Debian's and Ubuntu's installed packages, with their configuration files. @see
 * https://manpages.debian.org/deb-control.5
 */
export const dpkg: Analyzer = {
  name: 'dpkg',
  version: 7,
  wants: (path) => database.test(path),
  analyze: ({ path, content }) => readDatabase(content.toString('utf8'), path),
};

function readDatabase(text: string, path: string): FileFacts {
  const thirdParties: OwnedFiles[] = [];
  const packages = collectPackages(readRecords(text, path, thirdParties));
  return { ...packages, owned: [...thirdParties, ...collectOwned(conffilesOf(text))] };
}

/**
 * Yields the packages; adds third-party ones to `thirdParties`, whose files are listed elsewhere.
 */
function* readRecords(
  text: string,
  foundIn: string,
  thirdParties: OwnedFiles[],
): Generator<PackageRecord | 'unreadable' | undefined> {
  for (const fields of stanzasOf(text, fieldOf, 'package')) {
    const record = readRecord(fields, foundIn);
    if (record === undefined || record === 'unreadable' || !isThirdParty(fields)) {
      yield record;
      continue;
    }
    thirdParties.push({ type: 'deb', package: record.name, files: [], isThirdParty: true });
    yield { ...record, isThirdParty: true };
  }
}

const usedFields = new Set(['package', 'status', 'version', 'architecture', 'source', ...provenanceFields]);

function fieldOf(line: string): [string, string] | undefined {
  // Lines that start with a space continue a description or a list of files; none of the used
  // fields has any.
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  return usedFields.has(name) ? [name, line.slice(colon + 1).trim()] : undefined;
}

function readRecord(fields: ReadonlyMap<string, string>, foundIn: string): PackageRecord | 'unreadable' | undefined {
  const name = fields.get('package');
  const version = fields.get('version');
  // Files of status.d come from the package itself and have no status: such a package counts as
  // installed.
  const isOnDisk = states.get(fields.get('status')?.split(/\s+/).at(-1) ?? 'installed');
  if (isOnDisk === false) return undefined;
  if (isOnDisk === undefined || !isToken(name) || !isToken(version)) return 'unreadable';
  const source = readSource(fields.get('source')) ?? { name, version };
  return {
    type: 'deb',
    name,
    version,
    ...readArch(fields.get('architecture')),
    source: { name: source.name, version: source.version ?? version },
    licenses: [],
    foundIn,
  };
}

/** `glibc` or, if the binary has a version of its own, `glibc (2.36-9)`. */
function readSource(field: string | undefined): { name: string; version?: string } | undefined {
  const [, name, version] = /^([!-'*-~]{1,1024})(?: +\(([!-'*-~]{1,1024})\))?$/.exec(field ?? '') ?? [];
  if (name === undefined) return undefined;
  return version === undefined ? { name } : { name, version };
}
