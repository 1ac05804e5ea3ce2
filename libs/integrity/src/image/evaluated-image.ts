import { type Finding, isDistributionType, type OwnedFiles } from '@tidewaiter/domain';
import type { DigestAlgorithm, StackedEntry, Overlay } from '@tidewaiter/oci';

import { diversionsOf } from '../checks/diversions.js';
import { statOverridesOf } from '../checks/stat-overrides.js';
import type { FileSign } from '../files/file-sign.js';
import { databaseSpans, packageKey, type DatabaseSpans, type Span } from './database-spans.js';
import { imageTree, type ImageTree } from './image-tree.js';
import type { IntegrityLayer } from './integrity-layer.js';
import { ownershipOf, type Claim, type Ownership } from './ownership.js';

/** Sign with its layer. */
export interface LayerSign extends FileSign {
  layer: number;
}

/** Input of the evaluations. */
export interface EvaluatedImage {
  layers: readonly IntegrityLayer[];
  view: Overlay;
  tree: ImageTree;
  spans: DatabaseSpans;
  ownership: Ownership;
  /** Signs of all layers, including hidden files. */
  signs: readonly LayerSign[];
  /** Modes from `dpkg-statoverride` for files of packages, by real path. */
  statOverrides: ReadonlyMap<string, number>;
  /** Version of a package in the visible database; null if not listed. */
  versionOf: (claim: Pick<OwnedFiles, 'type' | 'package'>) => string | null;
}

/** Evaluates one aspect of an image. */
export type IntegrityCheck = (image: EvaluatedImage) => Iterable<Finding>;

/** Prepares the data that all evaluations share. */
export function evaluatedImage(layers: readonly IntegrityLayer[], view: Overlay): EvaluatedImage {
  const tree = imageTree(view);
  const spans = databaseSpans(layers, view, tree);
  const signs = layers.flatMap(({ signs }, layer) => signs.map((sign) => ({ ...sign, layer })));
  const packages = spans.packagesAt(layers.length - 1);
  const shownSigns = signs.filter(({ path, layer }) => tree.isShown(path, layer));
  const isCurrent = ({ until, value }: Span<OwnedFiles>) => {
    const key = packageKey(value.type, value.package);
    return packages.has(key) && spans.packagesAt(until - 1).get(key) === packages.get(key);
  };
  const ownership = ownershipOf(spans.owned, distributedNames(spans), isCurrent, diversionsOf(shownSigns), tree);
  const versionOf = (claim: Pick<OwnedFiles, 'type' | 'package'>) =>
    packages.get(packageKey(claim.type, claim.package)) ?? null;
  const overrides = [...statOverridesOf(shownSigns)].map(([path, mode]) => [tree.realPath(path), mode] as const);
  return { layers, view, tree, spans, ownership, signs, statOverrides: new Map(overrides), versionOf };
}

function distributedNames({ databases }: DatabaseSpans): Set<string> {
  const names = new Set<string>();
  for (const { until, value } of databases) {
    if (until !== Infinity || !isDistributionType(value.type)) continue;
    for (const { name } of value.packages) names.add(packageKey(value.type, name));
  }
  return names;
}

/**
 * Result of comparing content with package digests: `unknown` if they and the layer have no common
 * algorithm.
 */
export type Content = 'right' | 'wrong' | 'unknown';

/** Compares a file's content with the digests that its owners have. */
export function compareContent(tree: ImageTree, found: StackedEntry, claims: readonly Claim[]): Content {
  const content = compareDigests(tree, found, claims);
  if (content !== 'unknown') return content;
  // The layer may lack the database's digest algorithm; then a lower layer with the package's bytes
  // serves.
  const sha256 = tree.digestOf(found, 'sha256');
  const packaged = tree.hidden(found.entry.path).find((earlier) => compareDigests(tree, earlier, claims) === 'right');
  const expected = packaged && tree.digestOf(packaged, 'sha256');
  if (sha256 === undefined || expected === undefined) return 'unknown';
  return sha256 === expected ? 'right' : 'wrong';
}

function compareDigests(tree: ImageTree, found: StackedEntry, claims: readonly Claim[]): Content {
  let content: Content = 'unknown';
  for (const { digests } of claims) {
    for (const digest of digests) {
      const colon = digest.indexOf(':');
      const actual = tree.digestOf(found, digest.slice(0, colon) as DigestAlgorithm);
      if (actual === digest.slice(colon + 1)) return 'right';
      if (actual !== undefined) content = 'wrong';
    }
  }
  return content;
}

/**
 * Whether the file is unchanged since a distribution package installed it: such a file is not
 * suspicious.
 */
export function isAsPackaged({ tree, ownership }: EvaluatedImage, path: string, layer: number): boolean {
  const found = tree.shown.get(path);
  const claims = ownership.claims.get(path)?.filter(({ type }) => isDistributionType(type)) ?? [];
  return found?.layer === layer && compareContent(tree, found, claims) === 'right';
}
