import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { collectPackages } from '../package-database.js';

// A package in work has a folder that starts with `-MERGING-`.
const installed = /^var\/db\/pkg\/([A-Za-z0-9_][\w+.-]{0,127})\/([A-Za-z0-9_][^/]{0,255})\/PF$/;

/**
 * Name, version and revision. @see
 * https://projects.gentoo.org/pms/8/pms.html#names-and-versions
 */
const release =
  /^([A-Za-z0-9_][A-Za-z0-9+_-]{0,200}?)-(\d{1,32}(?:\.\d{1,32}){0,16}[a-z]?(?:_(?:alpha|beta|pre|rc|p)\d{0,32}){0,8}(?:-r\d{1,16})?)$/;

/**
 * Packages that Portage installed on Gentoo, one file each. @see
 * https://wiki.gentoo.org/wiki//var/db/pkg
 */
export const portage: Analyzer = {
  name: 'portage',
  version: 1,
  wants: (path) => path.endsWith('/PF') && installed.test(path),
  analyze: (file) => collectPackages([readPackage(file)]),
};

function readPackage({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const [, category, folder] = installed.exec(path) ?? [];
  const [, name, version] = release.exec(readText(content, 4096).trim()) ?? [];
  // Portage looks a package up by its folder, which the file repeats.
  if (category === undefined || name === undefined || version === undefined || folder !== `${name}-${version}`)
    return 'unreadable';
  const full = `${category}/${name}`;
  return {
    type: 'ebuild',
    name: full,
    version,
    source: { name: full, version },
    licenses: [],
    foundIn: path,
  };
}
