import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { collectPackages, isToken, linesOf, oneLine, readArch } from '../package-database.js';

const description = /^(?:var|usr)\/lib\/(?:pacman|holo\/pacmandb)\/local\/[^/]{1,512}\/desc$/;

/** Limit on lines of one field; only licenses are lists here. */
const maxLines = 32;

/**
 * Packages that pacman installed on Arch Linux and its derivatives, one file each. @see
 * https://archlinux.org/pacman/alpm-pkginfo.5.html and
 * https://alpm.archlinux.page/specifications/alpm-db-desc.5.html
 */
export const alpm: Analyzer = {
  name: 'alpm',
  version: 1,
  wants: (path) => path.endsWith('/desc') && description.test(path),
  analyze: (file) => collectPackages([readDescription(file)]),
};

function readDescription({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const fields = fieldsOf(readText(content));
  const [name] = fields.get('NAME') ?? [];
  const [version] = fields.get('VERSION') ?? [];
  const [base] = fields.get('BASE') ?? [];
  const [arch] = fields.get('ARCH') ?? [];
  if (!isToken(name) || !isToken(version)) return 'unreadable';
  return {
    type: 'alpm',
    name,
    version,
    ...readArch(arch),
    // Several packages come from one build script, which security advisories do not name.
    source: { name: isToken(base) ? base : name, version },
    licenses: (fields.get('LICENSE') ?? []).map(oneLine),
    foundIn: path,
  };
}

const usedFields = new Set(['NAME', 'VERSION', 'BASE', 'ARCH', 'LICENSE']);

/** A field is a line `%NAME%`, a value on each line, and an empty line; the first one counts. */
function fieldsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of linesOf(text)) {
    const [, name] = /^%([A-Z0-9]{1,32})%$/.exec(line) ?? [];
    if (name !== undefined) {
      current = usedFields.has(name) && !fields.has(name) ? [] : undefined;
      if (current) fields.set(name, current);
    } else if (line === '') current = undefined;
    else if (current && current.length < maxLines) current.push(line);
  }
  return fields;
}
