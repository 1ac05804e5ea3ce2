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
  version: 2,
  wants: (path) => database.test(path),
  analyze: ({ path, content }) => readDatabase(content.toString('utf8'), path),
};

function readDatabase(text: string, path: string): FileFacts {
  return { ...collectPackages(readRecords(text, path)), owned: collectOwned(apkFiles(text)) };
}

function* readRecords(text: string, foundIn: string): Generator<PackageRecord | 'unreadable'> {
  for (const fields of stanzasOf(text, fieldOf)) yield readRecord(fields, foundIn);
}

/** Keys are one letter and a colon; most lines name the package's files. */
function fieldOf(line: string): [string, string] | undefined {
  return /^[PVALo]:/.test(line) ? [line.charAt(0), line.slice(2).trim()] : undefined;
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
