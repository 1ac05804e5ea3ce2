import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages, oneLine } from '../package-database.js';

// rocks-5.1/lpeg/1.1.0-2/lpeg-1.1.0-2.rockspec
const rockspec = /(?:^|\/)rocks(?:-\d{1,2}\.\d{1,2})?\/([^/]+)\/([^/]+)\/([^/]+)\.rockspec$/;

/** Installed rocks. @see https://github.com/luarocks/luarocks/wiki/Rockspec-format */
export const luarocks: Analyzer = {
  name: 'luarocks',
  version: 1,
  wants: (path) => path.endsWith('.rockspec') && isInstalled(path),
  analyze: (file) => collectPackages([readRockspec(file)]),
};

/** Documentation of a rock may contain rockspecs; its own has the name of its folders. */
function isInstalled(path: string): boolean {
  const [, name, version, file] = rockspec.exec(path) ?? [];
  return name !== undefined && file === `${name}-${version}`;
}

/**
 * A rockspec is a program that returns a table; the folders have the same data without running it.
 */
function readRockspec({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const [, name, version] = rockspec.exec(path) ?? [];
  const [, , license] =
    /(?:^|[{,;])[ \t]{0,64}license[ \t]{0,64}=[ \t]{0,64}(["'])([^"'\n]{1,256})\1/m.exec(readText(content)) ?? [];
  const licenses = license === undefined ? [] : [oneLine(license)];
  return libraryRecord({ type: 'luarocks', name: name?.toLowerCase(), version, licenses, foundIn: path });
}
