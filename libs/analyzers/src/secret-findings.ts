import { compareSeverity, type Finding, findingOf, type OwnedFile } from '@tidewaiter/domain';
import type { DigestAlgorithm, ImageConfig, Overlay } from '@tidewaiter/oci';
import { findSecretsInConfig, isMadeAtInstall, isShippedExample } from '@tidewaiter/secrets';

import type { LayerSecret } from './archive-secrets.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { distributedFiles, mergedPath } from './ownership.js';
import { fileOrigins, type FileOrigin } from './published-files.js';

/**
 * Secrets in the files of every layer, including those that a later layer hides: one finding for
 * each file, which `groupSecrets` joins.
 */
export function secretsInFiles(layers: readonly AnalyzedLayer[], view: Overlay): Finding[] {
  const paths = new Set(layers.flatMap(({ facts }) => facts.secrets.map(fileOf)));
  if (paths.size === 0) return [];
  const halves = publicHalves(layers);
  for (const { path } of halves) paths.add(path);
  const isShipped = shippedFiles(layers, view, paths);
  const originOf = fileOrigins(layers, view, placesOf(layers, halves));
  // The digests of a path are those of its last entry in the layer.
  const originOfFile = (file: string, path: string, layer: number) =>
    isShipped(file, layer) ? 'distribution' : originOf(path, layer);
  const inUse = new Map<string, string>();
  for (const { path, layer, key } of halves) {
    if (isOwn(path, originOfFile(path, path, layer))) inUse.set(key, path);
  }
  const findings = new Map<string, Finding>();
  for (const [layer, { facts }] of layers.entries()) {
    for (const sighting of facts.secrets) {
      const file = fileOf(sighting);
      const removedInLayer = sighting.isReplaced ? layer : view.hiddenBy(file, layer);
      const key = [sighting.rule, sighting.path, sighting.fingerprint].join('\n');
      const origin = sighting.isReplaced ? undefined : originOfFile(file, sighting.path, layer);
      const usedBy = inUse.get(sighting.publicKey ?? '');
      const finding = ofSighting(sighting, { origin, layer, removedInLayer, usedBy });
      const known = findings.get(key);
      // A file that is copied up repeats its secrets: they belong to the layer where they first
      // appeared.
      findings.set(key, known ? { ...finding, layer: known.layer } : finding);
    }
  }
  return [...findings.values()];
}

/** Place of the public key of a private key that was found. */
interface PublicHalf {
  path: string;
  layer: number;
  key: string;
}

function publicHalves(layers: readonly AnalyzedLayer[]): PublicHalf[] {
  const wanted = new Set(layers.flatMap(({ facts }) => facts.secrets.flatMap(({ publicKey }) => publicKey ?? [])));
  if (wanted.size === 0) return [];
  return layers.flatMap(({ facts }, layer) =>
    (facts.publicKeys ?? []).flatMap(({ path, keys }) =>
      keys.filter((key) => wanted.has(key)).map((key) => ({ path, layer, key })),
    ),
  );
}

/** Whether the user put a certificate or public key there, so that its private key is in use. */
function isOwn(path: string, origin: Origin): boolean {
  if (isMadeAtInstall(path) || isShippedExample(path) || origin === 'distribution') return false;
  return origin === undefined || origin.state === 'changed';
}

/** Paths with secrets, and with their public keys, by layer. */
function placesOf(layers: readonly AnalyzedLayer[], halves: readonly PublicHalf[]): Map<number, Set<string>> {
  const places = new Map(
    Array.from(layers.entries(), ([layer, { facts }]) => [layer, new Set(facts.secrets.map(({ path }) => path))]),
  );
  for (const { path, layer } of halves) places.get(layer)?.add(path);
  return places;
}

const fileOf = ({ archive, path }: LayerSecret): string => archive ?? path;

/**
 * Whether a file is unchanged since a distribution package installed it. Configuration does not
 * count, because it is meant to be edited, and neither does a file with changed bytes.
 */
function shippedFiles(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  paths: ReadonlySet<string>,
): (path: string, layer: number) => boolean {
  const asked = new Set([...paths].map(mergedPath));
  const owned = new Map<string, OwnedFile>();
  for (const { file } of distributedFiles(layers, view)) {
    const path = mergedPath(file.path);
    if (asked.has(path)) owned.set(path, { ...owned.get(path), ...file });
  }
  return (path, layer) => {
    const file = owned.get(mergedPath(path));
    if (!file || file.role === 'config') return false;
    const [algorithm = '', expected] = file.digest?.split(':', 2) ?? [];
    const entry = view.stackAt(path).find((found) => found.layer === layer)?.entry;
    const actual = entry?.[algorithm as DigestAlgorithm];
    // Some databases have no digests: then only the path decides.
    return expected === undefined || actual === expected;
  };
}

type Origin = FileOrigin | 'distribution' | undefined;

/**
 * Severity and confidence of a secret by whose bytes it is in. What the distribution ships is
 * negligible: it is public, and an example or a test. What a package published is low for the same
 * reasons; without evidence that it did, a secret with a form of its own counts in full.
 */
function weigh(sighting: LayerSecret, origin: Origin): Pick<Finding, 'severity' | 'confidence'> {
  const { severity, confidence } = sighting;
  if (origin === 'distribution' || isMadeAtInstall(sighting.path))
    return { severity: 'negligible', confidence: 'possible' };
  if (!isPublicIn(sighting, origin)) return { severity, confidence };
  return { severity: compareSeverity(severity, 'low') < 0 ? 'low' : severity, confidence: 'possible' };
}

function isPublicIn({ path, isWeak }: LayerSecret, origin: FileOrigin | undefined): boolean {
  return (
    origin?.state === 'published' ||
    (origin?.state === 'unknown' && isWeak === true) ||
    (origin?.state !== 'changed' && isShippedExample(path))
  );
}

interface Circumstances {
  origin: Origin;
  layer: number;
  removedInLayer: number | undefined;
  /** File with the public key of a private key: then even a published one grants access. */
  usedBy: string | undefined;
}

function ofSighting(sighting: LayerSecret, { origin, layer, removedInLayer, usedBy }: Circumstances): Finding {
  const { severity, confidence } = sighting;
  const { rule, title, path, line, masked, fingerprint, publicAs } = sighting;
  return findingOf({
    kind: 'secret',
    id: rule,
    title,
    ...(usedBy === undefined ? weigh(sighting, origin) : { severity, confidence }),
    path,
    layer,
    state: removedInLayer === undefined ? 'present' : 'shadowed',
    fingerprint,
    evidence: {
      masked,
      line,
      origin: 'file',
      valueFingerprint: fingerprint,
      ...(publicAs !== undefined && { publicAs }),
      ...(usedBy !== undefined && { usedBy }),
      ...(typeof origin === 'object' && {
        package: origin.package,
        fileOrigin: `${origin.state}: ${origin.reason}`,
        isPublic: usedBy === undefined && isPublicIn(sighting, origin),
      }),
      ...(removedInLayer !== undefined && { removedInLayer }),
    },
  });
}

/** Secrets in the config of an image. */
export function secretsInConfig(config: ImageConfig, key: Uint8Array): Finding[] {
  return findSecretsInConfig(config, key).map(
    ({ rule, title, severity, masked, fingerprint, confidence, origin, name, publicAs }) =>
      findingOf({
        kind: 'secret',
        id: rule,
        title,
        severity,
        confidence,
        layer: null,
        state: 'present',
        fingerprint,
        evidence: { masked, origin, name, valueFingerprint: fingerprint, ...(publicAs !== undefined && { publicAs }) },
      }),
  );
}
