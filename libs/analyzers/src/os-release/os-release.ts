import { MalformedFile, type OsRelease } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { linesOf, oneLine } from '../package-database.js';

const identifier = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Where the release is written, first choice first. The first is usually a link to the second. */
export const osReleasePaths: readonly string[] = ['etc/os-release', 'usr/lib/os-release'];

/** Which distribution an image is. @see https://www.freedesktop.org/software/systemd/man/latest/os-release.html */
export const osRelease: Analyzer = {
  name: 'os-release',
  version: 1,
  wants: (path) => osReleasePaths.includes(path),
  analyze: ({ path, content }) => ({ os: readRelease(readVariables(content.toString('utf8')), path) }),
};

function readRelease(variables: ReadonlyMap<string, string>, path: string): OsRelease {
  const id = variables.get('ID')?.toLowerCase();
  const versionId = variables.get('VERSION_ID')?.toLowerCase();
  // Everything that is known about a package hangs on these two; a guess would match the wrong advisories.
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
