import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { collectPackages, isToken, oneLine, readArch, stanzasOf } from '../package-database.js';

const database = /^(?:usr|var|opt)\/lib\/opkg\/status$/;

/**
 * Installed packages of OpenWrt, Entware and Yocto. @see
 * https://openwrt.org/docs/guide-developer/packages.opkg and
 * https://git.yoctoproject.org/opkg/tree/README
 */
export const opkg: Analyzer = {
  name: 'opkg',
  version: 1,
  wants: (path) => path.endsWith('/opkg/status') && database.test(path),
  analyze: ({ path, content }) => collectPackages(readRecords(content.toString('utf8'), path)),
};

function* readRecords(text: string, foundIn: string): Generator<PackageRecord | 'unreadable' | undefined> {
  for (const fields of stanzasOf(text, fieldOf)) yield readRecord(fields, foundIn);
}

const usedFields = new Set(['package', 'version', 'status', 'architecture', 'license']);

/** Lines that start with a space continue a description or a list of files. */
function fieldOf(line: string): [string, string] | undefined {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  return usedFields.has(name) ? [name, line.slice(colon + 1).trim()] : undefined;
}

/** States of packages whose files are on the disk; `unpacked` ones still lack their scripts. */
const isOnDisk = new Set(['installed', 'unpacked']);
const isAbsent = new Set(['not-installed', 'half-installed', 'config-files', 'post-inst-failed', 'removal-failed']);

function readRecord(fields: ReadonlyMap<string, string>, foundIn: string): PackageRecord | 'unreadable' | undefined {
  const name = fields.get('package');
  const version = fields.get('version');
  const state = fields.get('status')?.split(/\s+/).at(-1) ?? '';
  if (isAbsent.has(state)) return undefined;
  if (!isOnDisk.has(state) || !isToken(name) || !isToken(version)) return 'unreadable';
  const license = oneLine(fields.get('license') ?? '');
  return {
    type: 'opkg',
    name,
    version,
    ...readArch(fields.get('architecture')),
    source: { name, version },
    licenses: license === '' ? [] : [license],
    foundIn,
  };
}
