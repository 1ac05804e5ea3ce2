import { type FileSign, type Inspector, textOf } from '../files/file-sign.js';

const database = 'var/lib/dpkg/statoverride';
const maxOverrides = 2_000;
const line = /^[^ ]{1,64} [^ ]{1,64} ([0-7]{1,5}) \/([^\n]{1,4096})$/;

/**
 * Modes that packages and administrators set for files of packages: user, group, mode and path in a
 * line. dpkg records no other modes.
 * @see https://manpages.debian.org/dpkg-statoverride.1
 */
export const statOverrides: Inspector = {
  wants: (path) => path === database,
  inspect: ({ path, content }): FileSign[] => {
    const modes = textOf(content)
      .split('\n', maxOverrides)
      .flatMap((text) => {
        const [, mode, file] = line.exec(text) ?? [];
        return mode === undefined || file === undefined ? [] : [[file, Number.parseInt(mode, 8)]];
      });
    return modes.length === 0 ? [] : [{ path, sign: 'stat-overrides', confidence: 'certain', evidence: { modes } }];
  },
};

/** Modes by path in the visible database. */
export function statOverridesOf(shown: readonly FileSign[]): Map<string, number> {
  const signs = shown.filter(({ sign, path }) => sign === 'stat-overrides' && path === database);
  return new Map(signs.flatMap(({ evidence }) => evidence['modes'] as [string, number][]));
}
