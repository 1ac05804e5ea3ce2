import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts } from '../analyzer.js';
import { collectOwned } from '../owned-files.js';
import { collectPackages, isToken, oneLine, readArch, stanzasOf } from '../package-database.js';
import { apkFiles } from './apk-files.js';

const database = /^(usr\/)?lib\/apk\/db\/installed$/;

/**
 * Alpine's installed packages, with their files. @see https://wiki.alpinelinux.org/wiki/Apk_spec
 * "Installed database V2"
 */
export const apk: Analyzer = {
  name: 'apk',
  version: 4,
  wants: (path) => database.test(path),
  analyze: ({ path, content }) => readDatabase(content.toString('utf8'), path),
};

function readDatabase(text: string, path: string): FileFacts {
  const tagged: [string, string][] = [];
  const packages = collectPackages(readRecords(text, path, tagged));
  return { ...packages, owned: collectOwned(apkFiles(text)), ...(tagged.length > 0 && { tagged }) };
}

/** Yields the packages; adds those from repositories with a tag to `tagged`. */
function* readRecords(
  text: string,
  foundIn: string,
  tagged: [name: string, tag: string][],
): Generator<PackageRecord | 'unreadable'> {
  for (const fields of stanzasOf(text, fieldOf, 'P')) {
    const record = readRecord(fields, foundIn);
    const tag = fields.get('s');
    if (record !== 'unreadable' && isToken(tag)) tagged.push([record.name, tag]);
    yield record;
  }
}

/** Keys are one letter and a colon; most lines name the package's files. */
function fieldOf(line: string): [string, string] | undefined {
  return /^[PVALos]:/.test(line) ? [line.charAt(0), line.slice(2).trim()] : undefined;
}

function readRecord(fields: ReadonlyMap<string, string>, foundIn: string): PackageRecord | 'unreadable' {
  const name = fields.get('P');
  const version = fields.get('V');
  const origin = fields.get('o');
  const license = oneLine(fields.get('L') ?? '');
  if (!isToken(name) || !isToken(version)) return 'unreadable';
  return {
    type: 'apk',
    name,
    version,
    ...readArch(fields.get('A')),
    source: { name: isToken(origin) ? origin : name, version },
    licenses: license === '' ? [] : [license],
    foundIn,
  };
}
