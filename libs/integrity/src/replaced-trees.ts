import type { Finding } from '@tidewaiter/domain';

import { integrityFinding } from './integrity-finding.js';
import type { JudgedImage } from './judged-image.js';

/** `usr/share/nodejs/npm`, `usr/lib/node_modules/npm`: what npm takes away and puts back as one. */
const treeRoot = /^((?:[^/]{1,255}\/){1,16}?(?:node_modules|nodejs)\/(?:@[^/]{1,255}\/)?[^/@][^/]{0,255})\//;
/** Fewer files are told one by one. */
const minFiles = 5;
const maxExamples = 20;

/**
 * Another release of a package of Node over that of the distribution (`npm install -g npm`) is one thing to say, not one for each
 * file. It must be whole: its manifest is another one, and every file of the distribution's that is still there came anew with it.
 */
export function withReplacedTrees(image: JudgedImage, modified: readonly Finding[]): Finding[] {
  const byTree = Map.groupBy(modified, ({ path }) => rootOf(path ?? ''));
  const candidates = new Map<string, number>();
  for (const [root, findings] of byTree) {
    const { layer } = findings[0]!;
    const isWhole = root !== '' && layer !== null && findings.length >= minFiles;
    if (isWhole && findings.some(({ path }) => path === `${root}/package.json`)) candidates.set(root, layer);
  }
  const replaced = withoutOlderFiles(image, candidates);
  return [...byTree].flatMap(([root, findings]) => (replaced.has(root) ? [replacedTree(root, findings)] : findings));
}

function rootOf(path: string): string {
  return treeRoot.exec(path)?.[1] ?? '';
}

/** Those trees of which every file that a package claims is of the layer that changed them. */
function withoutOlderFiles({ tree, ownership }: JudgedImage, candidates: Map<string, number>): Set<string> {
  const whole = new Set(candidates.keys());
  if (whole.size === 0) return whole;
  for (const path of ownership.claims.keys()) {
    const root = rootOf(path);
    if (!whole.has(root)) continue;
    const found = tree.shown.get(path);
    if (found && found.entry.type !== 'directory' && found.layer !== candidates.get(root)) whole.delete(root);
  }
  return whole;
}

function replacedTree(root: string, findings: readonly Finding[]): Finding {
  const { layer, packageName, installedVersion } = findings[0]!;
  const paths = findings.map(({ path }) => path ?? '').toSorted();
  return integrityFinding({
    id: 'package-tree-replaced',
    severity: 'medium',
    title: 'Files of a package were replaced as a whole, as by another release that another package manager brought',
    path: root,
    layer,
    packageName,
    installedVersion,
    evidence: { files: paths.length, examples: paths.slice(0, maxExamples) },
  });
}
