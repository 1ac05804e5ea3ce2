import { type Finding, isDistributionType, type OwnedFiles } from '@tidewaiter/domain';

import { isProgramPath } from '../files/file-kinds.js';
import { keepsVersion, packageKey, type Span } from '../image/database-spans.js';
import type { EvaluatedImage, IntegrityCheck } from '../image/evaluated-image.js';
import { integrityFinding } from './integrity-finding.js';

const maxExamples = 20;

/**
 * Reports databases that lost or changed records while the files stay: scanners and package
 * managers no longer see these packages.
 */
export const packageDatabase: IntegrityCheck = (image) => {
  const ends = new Set(image.spans.databases.map(({ until }) => until).filter((until) => until !== Infinity));
  const lost = [...ends].toSorted((a, b) => a - b).flatMap((layer) => lostPackages(image, layer));
  return [...lost, ...orphans(image, lost), ...forgedVersions(image), ...changedLists(image)];
};

/**
 * Packages that the databases no longer list from this layer on, although their older files are
 * still there.
 */
function lostPackages(image: EvaluatedImage, layer: number): Finding[] {
  const [before, after] = [image.spans.packagesAt(layer - 1), image.spans.packagesAt(layer)];
  const owned = ownedAt(image, layer - 1);
  const findings: Finding[] = [];
  for (const { path, value } of image.spans.databases.filter(({ until }) => until === layer)) {
    const kept = value.packages
      .map(({ name }) => name)
      .filter((name) => before.has(packageKey(value.type, name)) && !after.has(packageKey(value.type, name)))
      .filter((name) => staysBehind(image, owned.get(packageKey(value.type, name)) ?? [], layer));
    if (kept.length === 0) continue;
    const isGone = [...after.keys()].every((key) => !key.startsWith(packageKey(value.type, '')));
    findings.push(isGone ? deleted(image, path, layer, kept) : hiddenPackages(path, layer, kept));
  }
  return findings;
}

/**
 * Packages that a layer lists in another version without any of their files in it: no package
 * manager does that.
 */
function* forgedVersions(image: EvaluatedImage): Generator<Finding> {
  const { spans } = image;
  for (const { path, from: layer, value } of spans.databases) {
    if (layer === 0) continue;
    const [before, after] = [spans.packagesAt(layer - 1), spans.packagesAt(layer)];
    const owned = ownedAt(image, layer - 1);
    const names = value.packages
      .map(({ name }) => name)
      .filter((name) => {
        const key = packageKey(value.type, name);
        return before.has(key) && before.get(key) !== after.get(key) && isUntouched(image, owned.get(key) ?? [], layer);
      });
    if (names.length > 0) yield otherVersions(path, layer, names);
  }
}

/**
 * Whether a package has programs in the image and no file that is new in this layer. The changelog
 * counts too: builders that compare content leave out programs that an upgrade does not change.
 */
function isUntouched({ tree }: EvaluatedImage, owned: readonly Span<OwnedFiles>[], layer: number): boolean {
  const files = owned.flatMap(({ value }) => value.files);
  const shown = files.flatMap(({ path }) => tree.shown.get(tree.realPath(path)) ?? []);
  const kept = shown.filter(({ entry }) => entry.type !== 'directory');
  return kept.some(({ entry }) => isProgramPath(entry.path)) && kept.every((found) => found.layer < layer);
}

function otherVersions(path: string, layer: number, packages: readonly string[]): Finding {
  return integrityFinding({
    id: 'package-database-edited',
    severity: 'high',
    confidence: 'likely',
    title: 'Package versions edited in package database',
    path,
    layer,
    packageName: packages.length === 1 ? packages[0]! : null,
    evidence: { packages: packages.slice(0, maxExamples), count: packages.length },
  });
}

function deleted({ tree }: EvaluatedImage, path: string, layer: number, packages: readonly string[]): Finding {
  const isThere = tree.shown.has(path);
  return integrityFinding({
    id: 'package-database-deleted',
    severity: 'high',
    title: isThere
      ? 'Package database emptied or unreadable, files still present'
      : 'Package database deleted, files still present',
    path,
    layer,
    evidence: { packages: packages.slice(0, maxExamples), count: packages.length },
  });
}

function hiddenPackages(path: string, layer: number, packages: readonly string[]): Finding {
  return integrityFinding({
    id: 'package-database-edited',
    severity: 'high',
    title: 'Packages removed from package database, files still present',
    path,
    layer,
    packageName: packages[0] ?? null,
    evidence: { packages: packages.slice(0, maxExamples), count: packages.length },
  });
}

function ownedAt({ spans }: EvaluatedImage, layer: number): Map<string, Span<OwnedFiles>[]> {
  const counted = spans.owned.filter(({ from, until }) => from <= layer && layer < until);
  return Map.groupBy(counted, ({ value }) => packageKey(value.type, value.package));
}

/**
 * Whether programs or libraries of the package still come from below `layer`, and belong to no
 * other package.
 */
function staysBehind({ tree, ownership }: EvaluatedImage, owned: readonly Span<OwnedFiles>[], layer: number): boolean {
  const names = new Set(owned.map(({ value }) => value.package));
  let programs = 0;
  let present = 0;
  for (const { path, role } of owned.flatMap(({ value }) => value.files)) {
    const real = tree.realPath(path);
    if (role !== undefined || !isProgramPath(real)) continue;
    programs += 1;
    const found = tree.shown.get(real);
    const isOthers = ownership.claims.get(real)?.some((claim) => !names.has(claim.package)) ?? false;
    if (found && found.layer < layer && !isOthers) present += 1;
  }
  return present > 0 && present * 2 >= programs;
}

/**
 * File lists of packages that the status file lacks, with their programs in place: the status file
 * was edited before the layer was committed.
 */
function* orphans(image: EvaluatedImage, lost: readonly Finding[]): Generator<Finding> {
  const { spans, layers } = image;
  const packages = spans.packagesAt(layers.length - 1);
  const status = spans.databases.find(({ until, path }) => until === Infinity && path === 'var/lib/dpkg/status');
  if (!status || lost.some(({ path }) => path === status.path)) return;
  const names: string[] = [];
  for (const [key, owned] of ownedAt(image, layers.length - 1)) {
    const { type, package: name } = owned[0]!.value;
    if (type === 'deb' && !packages.has(key) && staysBehind(image, owned, layers.length)) names.push(name);
  }
  if (names.length > 0) yield { ...hiddenPackages(status.path, status.from, names.toSorted()), confidence: 'likely' };
}

/** Digest lists that a layer rewrites or removes while the package keeps its version. */
function* changedLists(image: EvaluatedImage): Generator<Finding> {
  const { spans } = image;
  const keyOf = ({ path, value }: Span<OwnedFiles>, layer: number) =>
    [layer, path, value.type, value.package].join('\n');
  const byStart = new Map(spans.owned.map((span) => [keyOf(span, span.from), span]));
  const vanished: Span<OwnedFiles>[] = [];
  for (const span of spans.owned) {
    const { until, value } = span;
    if (until === Infinity || !isDistributionType(value.type) || !keepsVersion(spans, value, until)) continue;
    const next = byStart.get(keyOf(span, until));
    if (!next) vanished.push(span);
    else yield* editedList(image, span, next);
  }
  yield* vanishedLists(vanished);
}

function* editedList(image: EvaluatedImage, span: Span<OwnedFiles>, next: Span<OwnedFiles>): Generator<Finding> {
  const now = new Map(next.value.files.map(({ path, digest }) => [path, digest]));
  const changed = span.value.files.filter(
    ({ path, digest, role }) =>
      digest !== undefined &&
      role === undefined &&
      now.get(path) !== digest &&
      image.tree.shown.has(image.tree.realPath(path)),
  );
  if (changed.length === 0) return;
  const paths = changed.map(({ path }) => path);
  yield integrityFinding({
    id: 'package-database-edited',
    severity: 'high',
    title: 'Package checksums edited in package database',
    path: span.path,
    layer: span.until,
    packageName: span.value.package,
    installedVersion: image.versionOf(span.value),
    evidence: { files: paths.slice(0, maxExamples), count: paths.length },
  });
}

/**
 * Slim images drop all lists; dropping the list of a single package prevents the comparison of its
 * files.
 */
function* vanishedLists(vanished: readonly Span<OwnedFiles>[]): Generator<Finding> {
  const withDigests = vanished.filter(({ value }) => value.files.some(({ digest, role }) => digest && !role));
  for (const [layer, lists] of Map.groupBy(withDigests, ({ until }) => until)) {
    const names = lists.map(({ value }) => value.package);
    const isAll = lists.length > maxExamples;
    yield integrityFinding({
      id: isAll ? 'package-database-deleted' : 'package-database-edited',
      severity: isAll ? 'medium' : 'high',
      title: 'Package checksums removed from package database',
      path: lists[0]!.path,
      layer,
      packageName: lists.length === 1 ? names[0]! : null,
      evidence: { packages: names.slice(0, maxExamples), count: names.length },
    });
  }
}
