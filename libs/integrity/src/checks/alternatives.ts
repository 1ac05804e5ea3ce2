import type { Finding } from '@tidewaiter/domain';

import { type FileSign, type Inspector, textOf } from '../files/file-sign.js';
import type { IntegrityCheck } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

const database = /^var\/lib\/(dpkg\/)?alternatives\/[^/]{1,255}$/;
const link = /^etc\/alternatives\/[^/]{1,255}$/;
const documentation = /^\/usr\/(local\/)?(share\/(man|doc|info)|man)\//;
const maxChoices = 10_000;

/**
 * Valid targets of the links in `etc/alternatives`: each file of the database describes one group
 * and, after an empty line, its choices.
 * @see https://manpages.debian.org/update-alternatives.1 "FILES"
 */
export const alternativeChoices: Inspector = {
  wants: (path) => database.test(path),
  inspect: ({ path, content }): FileSign[] => {
    const [, choices = ''] = textOf(content).split(/\n\n(.*)/s, 2);
    const targets = choices.split('\n', maxChoices).filter((line) => line.startsWith('/'));
    return [{ path, sign: 'alternatives', confidence: 'certain', evidence: { targets: [...new Set(targets)] } }];
  },
};

/**
 * Links of `etc/alternatives` whose target neither a package nor an administrator registered with
 * `update-alternatives`.
 */
export const alternatives: IntegrityCheck = function* ({ tree, view, ownership, signs }) {
  const databases = signs.filter(({ sign, path, layer }) => sign === 'alternatives' && tree.isShown(path, layer));
  // Slim images lack the database, so their links cannot be evaluated.
  if (databases.length === 0) return;
  const known = new Set(databases.flatMap(({ evidence }) => evidence['targets'] as string[]));
  for (const { entry, layer } of tree.shown.values()) {
    if (entry.type !== 'symlink') continue;
    const { path, linkTarget = '' } = entry;
    if (!link.test(path) || known.has(linkTarget) || documentation.test(linkTarget)) continue;
    const behind = view.lookup(path);
    if (behind === undefined || known.has(`/${behind.entry.path}`)) continue;
    yield unregistered(path, layer, linkTarget, ownership.isDistributed(behind.entry.path));
  }
};

function unregistered(path: string, layer: number, target: string, isDistributed: boolean): Finding {
  return integrityFinding({
    id: 'alternative-replaced',
    severity: isDistributed ? 'medium' : 'high',
    title: 'Command redirected outside update-alternatives',
    path,
    layer,
    confidence: 'likely',
    evidence: { target },
  });
}
