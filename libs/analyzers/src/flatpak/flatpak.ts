import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { readText } from '../document.js';
import { collectPackages, readArch } from '../package-database.js';

/** Folder of a deployed reference: kind, id, architecture and branch before the commit. */
const deployed =
  /(?:^|\/)flatpak\/(app|runtime)\/([A-Za-z_][\w.-]{0,254})\/([^/]{1,64})\/([^/]{1,64})\/[0-9a-f]{64}\/(.{1,512})$/;
const validVersion = /^[A-Za-z0-9][\w.:+~-]{0,63}$/;

/**
 * Applications and runtimes of Flatpak. An application has its releases in the metadata for
 * software centers, a runtime only its branch. @see
 * https://docs.flatpak.org/en/latest/under-the-hood.html and
 * https://www.freedesktop.org/software/appstream/docs/
 */
export const flatpak: Analyzer = {
  name: 'flatpak',
  version: 1,
  wants: (path) => /(?:\/metadata|\.xml)$/.test(path) && path.includes('flatpak/') && placeOf(path) !== undefined,
  analyze: (file) => collectPackages([readDeployed(file)]),
};

interface Place {
  isApp: boolean;
  id: string;
  arch: string;
  branch: string;
}

function placeOf(path: string): Place | undefined {
  const [, kind, id, arch, branch, file] = deployed.exec(path) ?? [];
  if (id === undefined || arch === undefined || branch === undefined) return undefined;
  const isApp = kind === 'app';
  const names = isApp ? ['metainfo', 'appdata'].map((name) => `${id}.${name}.xml`) : ['metadata'];
  const folders = isApp ? ['files/share/metainfo/', 'files/share/appdata/'] : [''];
  const isFound = folders.some((folder) => names.some((name) => file === `${folder}${name}`));
  return isFound ? { isApp, id, arch, branch } : undefined;
}

function readDeployed({ path, content }: SourceFile): PackageRecord | 'unreadable' | undefined {
  const { isApp, id, arch, branch } = placeOf(path)!;
  const text = readText(content);
  // Extensions and translations of an application are also below `runtime`.
  if (!isApp && !/^\[Runtime\]/m.test(text)) return undefined;
  const version = isApp ? newestRelease(text) : branch;
  if (version === undefined || !validVersion.test(version)) return 'unreadable';
  return {
    type: 'flatpak',
    name: id,
    version,
    ...readArch(arch),
    source: { name: id, version },
    licenses: [],
    foundIn: path,
  };
}

/** Releases are listed from the newest on. */
function newestRelease(xml: string): string | undefined {
  const start = xml.indexOf('<release ');
  if (start === -1) return undefined;
  const [tag = ''] = xml.slice(start, start + 512).split('>', 1);
  return /\sversion\s{0,8}=\s{0,8}["']([^"']{1,64})["']/.exec(tag)?.[1];
}
