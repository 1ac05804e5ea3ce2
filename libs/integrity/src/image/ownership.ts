import { isDistributionType, type OwnedFile, type OwnedFiles, type PackageType } from '@tidewaiter/domain';

import { packageKey, type Span } from './database-spans.js';
import type { ImageTree } from './image-tree.js';

/** Claim of one package to one path, merged from all of the package's files in the database. */
export interface Claim {
  type: PackageType;
  package: string;
  /** Digests as in {@link OwnedFile}; several if architectures of one package share a path. */
  digests: string[];
  role?: NonNullable<OwnedFile['role']>;
  mode?: number;
  linkTarget?: string;
  capabilities?: string;
}

/** Owners by real path, according to the visible databases. */
export interface Ownership {
  claims: ReadonlyMap<string, readonly Claim[]>;
  /** Whether a package of the distribution owns this path. */
  isDistributed: (path: string) => boolean;
  /**
   * Whether at least half of the packages have a file list, so that an unlisted file counts as
   * unowned.
   */
  isComplete: boolean;
}

/** `dpkg-divert`: files of packages other than `by` are installed at `to` instead of `from`. */
export interface Diversion {
  from: string;
  to: string;
  /** Package that registered the diversion; `:` for an administrator. */
  by: string;
}

/**
 * Merges the databases. If a package is listed but its file list is gone, the list of a lower layer
 * counts while the version is the same: deleting lists must not make files unowned.
 */
export function ownershipOf(
  owned: readonly Span<OwnedFiles>[],
  packageNames: ReadonlySet<string>,
  isCurrent: (span: Span<OwnedFiles>) => boolean,
  diversions: readonly Diversion[],
  tree: ImageTree,
): Ownership {
  const shown = owned.filter(({ until }) => until === Infinity);
  const listed = new Set(
    shown.filter(({ value }) => hasList(value)).map(({ value }) => packageKey(value.type, value.package)),
  );
  const isLost = (span: Span<OwnedFiles>) =>
    isDistributionType(span.value.type) &&
    !listed.has(packageKey(span.value.type, span.value.package)) &&
    isCurrent(span);
  const isShown = shown.some(({ value }) => isDistributionType(value.type));
  const counted = isShown ? owned.filter((span) => span.until === Infinity || isLost(span)) : owned;
  const divert = diverter(diversions, tree);
  const claims = new Map<string, Claim[]>();
  const owners = new Set<string>();
  const byPackage = Map.groupBy(
    counted.map(({ value }) => value),
    (each) => packageKey(each.type, each.package),
  );
  for (const [key, records] of byPackage) {
    if (records.some(hasList)) owners.add(key);
    for (const record of records)
      for (const file of record.files) addClaim(claims, divert(tree.realPath(file.path), record.package), record, file);
  }
  return {
    claims,
    isDistributed: (path) => claims.get(path)?.some(({ type }) => isDistributionType(type)) ?? false,
    isComplete: owners.size > 0 && owners.size * 2 >= packageNames.size,
  };
}

/**
 * Whether this record lists the files of a distribution's package, not only its configuration
 * files.
 */
function hasList({ type, files }: OwnedFiles): boolean {
  return isDistributionType(type) && files.some(({ role }) => role !== 'config');
}

function diverter(diversions: readonly Diversion[], tree: ImageTree): (path: string, owner: string) => string {
  const byPath = new Map(diversions.map((diversion) => [tree.realPath(diversion.from), diversion]));
  return (path, owner) => {
    const diversion = byPath.get(path);
    return diversion === undefined || diversion.by === owner ? path : tree.realPath(diversion.to);
  };
}

/**
 * Adds to a claim. Records of a package are consecutive, so its claim to a path is already the last
 * one.
 */
function addClaim(
  claims: Map<string, Claim[]>,
  path: string,
  { type, package: name }: OwnedFiles,
  file: OwnedFile,
): void {
  const ofPath = claims.get(path) ?? [];
  if (ofPath.length === 0) claims.set(path, ofPath);
  let claim = ofPath.at(-1);
  if (claim?.package !== name || claim.type !== type) {
    claim = { type, package: name, digests: [] };
    ofPath.push(claim);
  }
  if (file.digest !== undefined) claim.digests.push(file.digest);
  if (file.role !== undefined) claim.role = file.role;
  if (file.mode !== undefined) claim.mode = file.mode;
  if (file.linkTarget !== undefined) claim.linkTarget = file.linkTarget;
  if (file.capabilities !== undefined) claim.capabilities = file.capabilities;
}
