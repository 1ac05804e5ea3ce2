import type { Finding } from '@tidewaiter/domain';

import { integrityFinding } from '../checks/integrity-finding.js';
import type { EvaluatedImage } from './evaluated-image.js';

/**
 * Package directories that npm removes and installs as a whole: `usr/share/nodejs/npm`,
 * `usr/lib/node_modules/npm`.
 */
const treeRoot = /^((?:[^/]{1,255}\/){1,16}?(?:node_modules|nodejs)\/(?:@[^/]{1,255}\/)?[^/@][^/]{0,255})\//;
/** Trees with fewer files get a finding for each file. */
const minFiles = 5;
const maxExamples = 20;

/**
 * Merges the findings of a Node package that another release replaced (`npm install -g npm`) into
 * one. The replacement must be complete: the manifest changed, and the same layer replaced every
 * remaining file of the distribution's package.
 */
export function withReplacedTrees(image: EvaluatedImage, modified: readonly Finding[]): Finding[] {
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

/** Trees in which every file that a package claims comes from the layer that changed the tree. */
function withoutOlderFiles({ tree, ownership }: EvaluatedImage, candidates: Map<string, number>): Set<string> {
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
    title: 'Package files replaced by another release',
    path: root,
    layer,
    packageName,
    installedVersion,
    evidence: { files: paths.length, examples: paths.slice(0, maxExamples) },
  });
}
