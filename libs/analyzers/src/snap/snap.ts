import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { collectPackages, linesOf, oneLine } from '../package-database.js';

// snap/core22/1122/meta/snap.yaml; an image may also be made of one unpacked snap.
const metadata = /^(?:meta|(?:.{1,512}\/)?snap\/[^/]{1,128}\/[^/]{1,32}\/meta)\/snap\.yaml$/;

/** @see https://snapcraft.io/docs/snap-format */
const validName = /^[a-z0-9][a-z0-9-]{0,63}$/;
const validVersion = /^[A-Za-z0-9][\w.:+~-]{0,63}$/;

/** Snaps that are unpacked or mounted. */
export const snap: Analyzer = {
  name: 'snap',
  version: 1,
  wants: (path) => path.endsWith('meta/snap.yaml') && metadata.test(path),
  analyze: (file) => collectPackages([readMetadata(file)]),
};

function readMetadata({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const fields = fieldsOf(readText(content));
  const name = fields.get('name') ?? '';
  const version = fields.get('version') ?? '';
  if (!validName.test(name) || !validVersion.test(version)) return 'unreadable';
  const license = oneLine(fields.get('license') ?? '');
  return {
    type: 'snap',
    name,
    version,
    source: { name, version },
    licenses: license === '' ? [] : [license],
    foundIn: path,
  };
}

const usedFields = new Set(['name', 'version', 'license']);

/** Scalars of the top level; the first of each counts. */
function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!usedFields.has(name) || fields.has(name)) continue;
    fields.set(name, scalarOf(line.slice(colon + 1, colon + 513)));
  }
  return fields;
}

function scalarOf(text: string): string {
  const value = text.trim();
  const [, quoted] = /^(?:'([^']*)'|"([^"]*)")/.exec(value)?.filter((part) => part !== undefined) ?? [];
  return quoted ?? value.replace(/\s#.*$/, '').trim();
}
