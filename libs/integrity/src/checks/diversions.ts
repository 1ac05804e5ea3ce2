import { type FileSign, type Inspector, textOf } from '../files/file-sign.js';
import type { Diversion } from '../image/ownership.js';

const database = 'var/lib/dpkg/diversions';
const maxDiversions = 2_000;

/**
 * Files that one package moves aside to install its own in their place: three lines for each.
 * @see https://manpages.debian.org/dpkg-divert.1
 */
export const diversions: Inspector = {
  wants: (path) => path === database,
  inspect: ({ path, content }) => {
    const found = readDiversions(textOf(content));
    return found.length === 0
      ? []
      : [{ path, sign: 'diversions', confidence: 'certain', evidence: { diversions: found } }];
  },
};

function readDiversions(text: string): Diversion[] {
  const lines = text.split('\n', maxDiversions * 3);
  const found: Diversion[] = [];
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [from = '', to = '', by = ''] = lines.slice(at, at + 3);
    if (from.startsWith('/') && to.startsWith('/') && by !== '')
      found.push({ from: from.slice(1), to: to.slice(1), by });
  }
  return found;
}

/** Diversions in the visible database. */
export function diversionsOf(shown: readonly FileSign[]): Diversion[] {
  return shown
    .filter(({ sign, path }) => sign === 'diversions' && path === database)
    .flatMap(({ evidence }) => evidence['diversions'] as Diversion[]);
}
