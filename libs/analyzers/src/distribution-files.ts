import { isDistributionType, type OsRelease, type OwnedFile, type PackageRecord } from '@tidewaiter/domain';
import type { DigestAlgorithm, Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';
import { mergedPath } from './ownership.js';
import { packageFoldersOf } from './package-layouts.js';
import type { FileOrigin } from './published-files.js';
import { purlOf } from './purl.js';

/**
 * Decides for files of layers whether they are as a package of the distribution installed them.
 * Packages of third parties prove nothing: they may be the user's own.
 * @param paths files to decide about
 */
export function distributionOrigins(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  paths: ReadonlySet<string>,
  os: OsRelease | null,
): (path: string, layer: number) => FileOrigin | undefined {
  const { claims, records, thirdParties, withDigests, isComplete } = readDatabases(layers, paths);
  return (path, layer) => {
    const all = claims.get(mergedPath(path)) ?? [];
    if (all.length === 0) return isComplete && isForPackages(path) ? disowned : undefined;
    const own = all.filter(({ owner }) => !thirdParties.has(owner));
    const [first] = own;
    if (first === undefined) return undefined;
    const entry = view.stackAt(path).find((found) => found.layer === layer)?.entry;
    const proof = own.find(({ digest }) => {
      const [algorithm = '', expected] = digest?.split(':', 2) ?? [];
      return expected !== undefined && entry?.[algorithm as DigestAlgorithm] === expected;
    });
    const evidence = proof ? sameDigest : evidenceOfList(own, withDigests.has(first.owner));
    const record = records.get((proof ?? first).owner);
    return evidence && { ...evidence, ...(record && { package: purlOf(record, os) }) };
  };
}

const sameDigest = { state: 'published', reason: 'digest in the package database', isDistributed: true } as const;
const disowned = { state: 'unknown', reason: 'no package owns it', isDisowned: true } as const;

/** Some databases have no digests: then the path decides, but not for files that users edit. */
function evidenceOfList(own: readonly Claim[], hasDigests: boolean): FileOrigin | undefined {
  if (own.some(({ digest }) => digest !== undefined))
    return { state: 'changed', reason: 'other digest than in the package database' };
  if (own.some(({ role }) => role === 'config')) return undefined;
  if (hasDigests) return { state: 'unknown', reason: 'no digest in the package database' };
  return { state: 'published', reason: 'listed in the package database', isDistributed: true };
}

/**
 * Whether the distribution installs all files there, except those in folders of other package
 * managers. Its Python packages share a folder with those of pip, which lists its own.
 */
const isForPackages = (path: string): boolean =>
  /^usr\/(?:share|lib|lib64|libexec)\//.test(path) && packageFoldersOf(path).every(({ type }) => type === 'pypi');

/** Entry of a package's file list for one path. */
interface Claim {
  /** Key of the package. */
  owner: string;
  digest: string | undefined;
  role: OwnedFile['role'];
}

/** Databases of all layers: an upgrade does not make the public file of a lower layer secret. */
interface Databases {
  /** By merged path. */
  claims: ReadonlyMap<string, readonly Claim[]>;
  /** By key of the package. */
  records: ReadonlyMap<string, PackageRecord>;
  thirdParties: ReadonlySet<string>;
  /** Packages whose file lists have digests. */
  withDigests: ReadonlySet<string>;
  /** Whether at least half of the packages have a file list: then an unlisted file is foreign. */
  isComplete: boolean;
}

function readDatabases(layers: readonly AnalyzedLayer[], paths: ReadonlySet<string>): Databases {
  const files = layers.flatMap(({ facts }) => facts.files);
  const packages = files.flatMap(({ packages: each = [] }) => each).filter(({ type }) => isDistributionType(type));
  const lists = files.flatMap(({ owned = [] }) => owned).filter(({ type }) => isDistributionType(type));
  const records = new Map(packages.map((record) => [`${record.type} ${record.name}`, record]));
  const thirdParties = new Set<string>();
  const withDigests = new Set<string>();
  const listed = new Set<string>();
  const asked = new Set([...paths].map(mergedPath));
  const claims = new Map<string, Claim[]>();
  for (const { type, package: name, files: owned, isThirdParty = false } of lists) {
    const owner = `${type} ${name}`;
    if (isThirdParty) thirdParties.add(owner);
    for (const { path, digest, role } of owned) {
      if (role !== 'config') listed.add(owner);
      if (digest !== undefined) withDigests.add(owner);
      const merged = mergedPath(path);
      if (!asked.has(merged)) continue;
      const known = claims.get(merged);
      if (known) known.push({ owner, digest, role });
      else claims.set(merged, [{ owner, digest, role }]);
    }
  }
  return { claims, records, thirdParties, withDigests, isComplete: listed.size > 0 && listed.size * 2 >= records.size };
}
