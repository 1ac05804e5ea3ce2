import { createHash } from 'node:crypto';

import { type Finding, isDistributionType, type Severity } from '@tidewaiter/domain';
import type { StackedEntry } from '@tidewaiter/oci';

import { bits, isCode, isProgramPath, isSetuid, isTrusted, neverSetuid, octal } from '../files/file-kinds.js';
import { keepsVersion } from '../image/database-spans.js';
import { compareContent, type IntegrityCheck, type EvaluatedImage } from '../image/evaluated-image.js';
import type { Claim } from '../image/ownership.js';
import { withReplacedTrees } from '../image/replaced-trees.js';
import { integrityFinding } from './integrity-finding.js';

/**
 * Reports files that differ from their package. Files that users edit and that slim images drop are
 * ignored.
 */
export const packageFiles: IntegrityCheck = (image) => {
  const findings = [...differences(image)];
  const { modified = [], other = [] } = Object.groupBy(findings, ({ id }) =>
    id === 'package-file-modified' ? 'modified' : 'other',
  );
  return [...withReplacedTrees(image, modified), ...other];
};

function* differences(image: EvaluatedImage): Generator<Finding> {
  for (const [path, claims] of image.ownership.claims) {
    if (claims.some(({ role }) => role === 'ghost' || role === 'documentation')) continue;
    const found = image.tree.shown.get(path);
    const finding = found && evaluatePackage(image, found, claims);
    if (finding) yield finding;
  }
}

function evaluatePackage(image: EvaluatedImage, found: StackedEntry, claims: readonly Claim[]): Finding | undefined {
  const { type } = found.entry;
  if (type === 'file' || type === 'hardlink') return evaluateFile(image, found, claims);
  if (type !== 'directory') return evaluateOther(image, found, claims);
  // Lists name directories too; an entry with a digest is a file.
  const isConfig = claims.some(({ role }) => role === 'config');
  return !isConfig && claims.some(({ digests }) => digests.length > 0) ? replaced(image, found, claims) : undefined;
}

function evaluateFile(image: EvaluatedImage, found: StackedEntry, claims: readonly Claim[]): Finding | undefined {
  const isConfig = claims.some(({ role }) => role === 'config');
  if (!isConfig && (claims.every(isLink) || wasLink(image, found, claims))) return replaced(image, found, claims);
  if (!isConfig && compareContent(image.tree, found, claims) === 'wrong') return modified(image, found, claims);
  return modeChanged(image, found, claims);
}

function modified(image: EvaluatedImage, found: StackedEntry, claims: readonly Claim[]): Finding {
  const digests = claims.flatMap(({ digests }) => digests);
  const algorithm = digests[0]?.startsWith('md5') ? 'md5' : digests[0]?.startsWith('sha1') ? 'sha1' : 'sha256';
  return about(image, found, claims, {
    id: 'package-file-modified',
    severity: severityOf(found, claims),
    title: 'Package file modified (checksum mismatch)',
    evidence: {
      expected: digests,
      actual: `${algorithm}:${image.tree.digestOf(found, algorithm) ?? ''}`,
      sha256: image.tree.digestOf(found, 'sha256') ?? null,
    },
  });
}

function severityOf({ entry }: StackedEntry, claims: readonly Claim[]): Severity {
  if (!isCode(entry)) return 'medium';
  return isTrusted(entry) && claims.some(({ type }) => isDistributionType(type)) ? 'critical' : 'high';
}

/** Symbolic link, device or pipe in the place of a package's file. */
function evaluateOther(image: EvaluatedImage, found: StackedEntry, claims: readonly Claim[]): Finding | undefined {
  if (claims.some(({ role }) => role === 'config')) return undefined;
  const { type, linkTarget = '' } = found.entry;
  if (wasLink(image, found, claims)) return replaced(image, found, claims);
  if (type === 'symlink' && claims.some((claim) => mayLinkTo(claim, linkTarget))) return undefined;
  // Distributions and users move directories and leave links; the right bytes behind a link are the
  // package's.
  const behind = image.view.lookup(found.entry.path);
  if (type === 'symlink' && behind && compareContent(image.tree, behind, claims) === 'right') return undefined;
  return replaced(image, found, claims);
}

function replaced(image: EvaluatedImage, found: StackedEntry, claims: readonly Claim[]): Finding {
  const { type, linkTarget } = found.entry;
  return about(image, found, claims, {
    id: 'package-file-replaced',
    severity: isProgramPath(found.entry.path) || claims.some(({ mode = 0 }) => mode & bits.execute) ? 'high' : 'medium',
    title: 'Package file replaced by another file type',
    evidence: { type, ...(linkTarget !== undefined && { linkTarget }) },
  });
}

const linkMode = 0o777;

/**
 * Whether a layer replaced a link of which dpkg's lists have only the name: the earlier link is the
 * package's, if the package did not change in that layer.
 */
function wasLink({ tree, spans }: EvaluatedImage, { entry, layer }: StackedEntry, claims: readonly Claim[]): boolean {
  if (claims.some(({ digests, linkTarget }) => digests.length > 0 || linkTarget !== undefined)) return false;
  const before = tree.hidden(entry.path).findLast((found) => found.layer < layer);
  if (before?.entry.type !== 'symlink' || before.entry.linkTarget === entry.linkTarget) return false;
  return claims.every((claim) => keepsVersion(spans, claim, layer));
}

/**
 * Whether the package recorded a symbolic link. Only apk gives links digests, and a mode that no
 * file has.
 */
function isLink({ type, digests, mode, linkTarget }: Claim): boolean {
  return linkTarget !== undefined || (type === 'apk' && mode === linkMode && digests.length > 0);
}

function mayLinkTo(claim: Claim, target: string): boolean {
  if (claim.linkTarget !== undefined) return claim.linkTarget === target;
  // dpkg's lists do not mark links.
  if (claim.digests.length === 0) return true;
  return isLink(claim) && claim.digests.some((digest) => digest === digestOfTarget(digest, target));
}

function digestOfTarget(like: string, target: string): string {
  const algorithm = like.startsWith('sha256:') ? 'sha256' : 'sha1';
  return `${algorithm}:${createHash(algorithm).update(target).digest('hex')}`;
}

function modeChanged(image: EvaluatedImage, found: StackedEntry, claims: readonly Claim[]): Finding | undefined {
  const { path, mode } = found.entry;
  const watched = bits.setuid | bits.setgid | bits.othersWrite;
  if ((mode & watched) === 0) return undefined;
  const expected = expectedMode(image, found, claims);
  let added = expected === undefined ? 0 : mode & ~expected & watched;
  // No distribution ships world-writable code, whether or not the database records its mode.
  if (expected === undefined && isCode(found.entry) && image.ownership.isDistributed(path))
    added |= mode & bits.othersWrite;
  if (isSetuid(mode) && neverSetuid.test(path)) added |= mode & (bits.setuid | bits.setgid);
  if (added === 0) return undefined;
  return about(image, found, claims, {
    id: 'package-file-mode-changed',
    severity: added & bits.setuid && isSetuid(mode) ? 'critical' : isCode(found.entry) ? 'high' : 'medium',
    title: 'Package file made setuid or world-writable',
    evidence: { mode: octal(mode), ...(expected !== undefined && { expected: octal(expected) }), added: octal(added) },
  });
}

/**
 * Mode from the databases, else from the first layer with these bytes: dpkg records only changed
 * modes.
 */
function expectedMode(
  { tree, statOverrides }: EvaluatedImage,
  found: StackedEntry,
  claims: readonly Claim[],
): number | undefined {
  const overridden = statOverrides.get(found.entry.path);
  if (overridden !== undefined) return overridden;
  const known = claims.flatMap(({ mode }) => mode ?? []);
  if (known.length > 0) return known.reduce((all, mode) => all | mode, 0);
  const sha256 = tree.digestOf(found, 'sha256');
  const first = tree.hidden(found.entry.path).find((earlier) => tree.digestOf(earlier, 'sha256') === sha256);
  return sha256 === undefined ? undefined : first?.entry.mode;
}

type About = Pick<Finding, 'id' | 'severity' | 'title' | 'evidence'>;

function about(image: EvaluatedImage, { entry, layer }: StackedEntry, claims: readonly Claim[], what: About): Finding {
  const [owner] = claims;
  return integrityFinding({
    ...what,
    path: entry.path,
    layer,
    packageName: owner?.package ?? null,
    installedVersion: owner ? image.versionOf(owner) : null,
  });
}
