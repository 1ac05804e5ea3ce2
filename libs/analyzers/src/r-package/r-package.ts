import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages, oneLine, stanzasOf } from '../package-database.js';

/**
 * Installed packages of R. @see https://cran.r-project.org/doc/manuals/r-release/R-exts.html "The
 * DESCRIPTION file"
 */
export const rPackage: Analyzer = {
  name: 'r-package',
  version: 1,
  wants: (path) => path.endsWith('/DESCRIPTION'),
  analyze: (file) => collectPackages([readDescription(file)]),
};

const usedFields = new Set(['Package', 'Version', 'License', 'Built']);

function readDescription({ path, content }: SourceFile): PackageRecord | 'unreadable' | undefined {
  const [fields] = stanzasOf(readText(content).replaceAll('\r\n', '\n'), fieldOf);
  // Installing writes `Built`; sources and files of other programs under this name have none.
  if (fields?.get('Built') === undefined) return undefined;
  const license = oneLine(fields.get('License') ?? '');
  return libraryRecord({
    type: 'cran',
    name: fields.get('Package'),
    version: fields.get('Version'),
    licenses: license === '' ? [] : [license],
    foundIn: path,
  });
}

/** Continued lines start with a space; no name or version has any. */
function fieldOf(line: string): [string, string] | undefined {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  return usedFields.has(name) ? [name, line.slice(colon + 1).trim()] : undefined;
}
