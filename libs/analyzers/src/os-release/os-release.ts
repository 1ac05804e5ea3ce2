import { MalformedFile, type OsRelease } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { linesOf, oneLine } from '../package-database.js';
import { readAlpine, readDebian, readProduct } from './release-files.js';

const identifier = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Release files of images without os-release. Derivatives keep the file of their parent, so their
 * own come first.
 */
const fallbacks: readonly (readonly [path: string, read: (text: string) => OsRelease | undefined])[] = [
  ['etc/mariner-release', readProduct],
  ['etc/azurelinux-release', readProduct],
  ['etc/photon-release', readProduct],
  ['etc/oracle-release', readProduct],
  ['etc/rocky-release', readProduct],
  ['etc/almalinux-release', readProduct],
  ['etc/centos-release', readProduct],
  ['etc/fedora-release', readProduct],
  ['etc/system-release', readProduct],
  ['etc/redhat-release', readProduct],
  ['etc/SuSE-release', readProduct],
  ['etc/alpine-release', readAlpine],
  ['etc/debian_version', readDebian],
];

/** Paths of release files in order of preference. The first is usually a link to the second. */
export const osReleasePaths: readonly string[] = [
  'etc/os-release',
  'usr/lib/os-release',
  ...fallbacks.map(([path]) => path),
];

/**
 * Distribution of an image. @see
 * https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
export const osRelease: Analyzer = {
  name: 'os-release',
  version: 2,
  wants: (path) => osReleasePaths.includes(path),
  analyze: ({ path, content }) => {
    const text = content.toString('utf8');
    const [, readFallback] = fallbacks.find(([name]) => name === path) ?? [];
    if (!readFallback) return { os: readRelease(readVariables(text), path) };
    // A derivative that writes its own text into such a file also has an os-release, so this is no
    // damage.
    const os = readFallback(text);
    return os ? { os } : {};
  },
};

function readRelease(variables: ReadonlyMap<string, string>, path: string): OsRelease {
  const id = variables.get('ID')?.toLowerCase();
  const versionId = variables.get('VERSION_ID')?.toLowerCase();
  // Advisories are matched by ID and VERSION_ID; a guess would match wrong ones.
  if (id === undefined || !identifier.test(id)) throw new MalformedFile(`${path} without a usable ID`);
  if (versionId && !identifier.test(versionId)) throw new MalformedFile(`${path} without a usable VERSION_ID`);
  const name = oneLine(variables.get('PRETTY_NAME') ?? variables.get('NAME') ?? id);
  const idLike = (variables.get('ID_LIKE') ?? '').toLowerCase().split(' ');
  return {
    id,
    ...(versionId && { versionId }),
    name,
    idLike: idLike.filter((like) => identifier.test(like)).slice(0, 16),
  };
}

function readVariables(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const line of linesOf(text)) {
    const [, name, value] = /^(ID|ID_LIKE|VERSION_ID|PRETTY_NAME|NAME)=(.{0,4096})$/.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined) variables.set(name, unquote(value));
  }
  return variables;
}

/** Undoes the shell's quoting; the format allows no concatenation, variables or commands. */
function unquote(value: string): string {
  const quote = value.charAt(0);
  if (quote !== '"' && quote !== "'") return value;
  const inner = value.length > 1 && value.endsWith(quote) ? value.slice(1, -1) : value.slice(1);
  return quote === '"' ? inner.replaceAll(/\\(["$`\\])/g, '$1') : inner;
}
