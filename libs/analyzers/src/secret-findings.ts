import { compareSeverity, type Finding, findingOf, type OsRelease } from '@tidewaiter/domain';
import type { ImageConfig, Overlay } from '@tidewaiter/oci';
import { findSecretsInConfig, isMadeAtInstall, isShippedExample } from '@tidewaiter/secrets';

import type { LayerSecret } from './archive-secrets.js';
import { distributionOrigins } from './distribution-files.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { fileOrigins, type FileOrigin } from './published-files.js';

/**
 * Secrets in the files of every layer, including those that a later layer hides: one finding for
 * each file, which `groupSecrets` joins.
 */
export function secretsInFiles(layers: readonly AnalyzedLayer[], view: Overlay, os: OsRelease | null): Finding[] {
  const paths = new Set(layers.flatMap(({ facts }) => facts.secrets.map(fileOf)));
  if (paths.size === 0) return [];
  const halves = publicHalves(layers);
  for (const { path } of halves) paths.add(path);
  const distributionOf = distributionOrigins(layers, view, paths, os);
  const packageOf = fileOrigins(layers, view, placesOf(layers, halves));
  // The digests of a path are those of its last entry in the layer.
  const originOf = (file: string, path: string, layer: number) => {
    const distributed = distributionOf(file, layer);
    if (distributed?.isDistributed) return distributed;
    const packaged = packageOf(path, layer);
    // The folder's package may be one of the distribution, which would own the file.
    return packaged === undefined || (distributed?.isDisowned && packaged.state === 'unknown') ? distributed : packaged;
  };
  const inUse = new Map<string, string>();
  const made = new Set<string>();
  for (const { path, layer, key } of halves) {
    if (isMadeAtInstall(path)) made.add(key);
    else if (isOwn(path, originOf(path, path, layer))) inUse.set(key, path);
  }
  const findings = new Map<string, Finding>();
  for (const [layer, { facts }] of layers.entries()) {
    for (const sighting of facts.secrets) {
      const file = fileOf(sighting);
      const removedInLayer = sighting.isReplaced ? layer : view.hiddenBy(file, layer);
      const key = [sighting.rule, sighting.path, sighting.fingerprint].join('\n');
      const origin = sighting.isReplaced
        ? undefined
        : (originOf(file, sighting.path, layer) ?? assumedOrigin(sighting, made));
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
function isOwn(path: string, origin: FileOrigin | undefined): boolean {
  if (isShippedExample(path) || origin?.isDistributed) return false;
  return origin?.package === undefined || origin.state === 'changed';
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
 * Origin by nothing but the path, which the user may have chosen. The key that a package made at
 * installation has its certificate beside it.
 * @param made public keys in certificates that packages made at installation
 */
function assumedOrigin({ path, publicKey }: LayerSecret, made: ReadonlySet<string>): FileOrigin | undefined {
  if (isMadeAtInstall(path) && made.has(publicKey ?? ''))
    return { state: 'published', reason: 'made at installation, with its certificate', isDistributed: true };
  if (isMadeAtInstall(path)) return { state: 'unknown', reason: 'path of a key that packages make at installation' };
  return isShippedExample(path) ? { state: 'unknown', reason: 'path of an example in a package' } : undefined;
}

/**
 * Severity and confidence of a secret by whose bytes it is in. What the distribution ships is
 * negligible: it is public, and an example or a test. What a package published is low for the same
 * reasons; without evidence that it did, a secret with a form of its own counts in full. Where the
 * package database denies that a file is an example of a package, it is medium.
 */
function weigh(sighting: LayerSecret, origin: FileOrigin | undefined): Pick<Finding, 'severity' | 'confidence'> {
  const { severity, confidence } = sighting;
  if (origin?.isDistributed) return { severity: 'negligible', confidence: 'possible' };
  if (!isPublicIn(sighting, origin)) return { severity, confidence };
  const most = origin?.isDisowned && confidence !== 'possible' ? 'medium' : 'low';
  return { severity: compareSeverity(severity, most) < 0 ? most : severity, confidence: 'possible' };
}

function isPublicIn({ path, isWeak }: LayerSecret, origin: FileOrigin | undefined): boolean {
  if (origin === undefined || origin.state === 'changed') return false;
  if (origin.state === 'published' || (origin.package !== undefined && isWeak === true)) return true;
  return isShippedExample(path) || isMadeAtInstall(path);
}

interface Circumstances {
  origin: FileOrigin | undefined;
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
      ...(origin && { fileOrigin: `${origin.state}: ${origin.reason}` }),
      ...(origin?.package !== undefined && {
        package: origin.package,
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
