import { createHash } from 'node:crypto';

import { type Finding, findingOf, type OwnedFile } from '@tidewaiter/domain';
import type { DigestAlgorithm, ImageConfig, Overlay } from '@tidewaiter/oci';
import { findSecretsInConfig } from '@tidewaiter/secrets';

import type { LayerSecret } from './archive-secrets.js';
import type { AnalyzedLayer } from './layer-facts.js';
import { distributedFiles, mergedPath } from './ownership.js';

/**
 * Secrets in the files of every layer, without duplicates, including those that a later layer
 * hides.
 */
export function secretsInFiles(layers: readonly AnalyzedLayer[], view: Overlay): Finding[] {
  const paths = new Set(layers.flatMap(({ facts }) => facts.secrets.map(fileOf)));
  if (paths.size === 0) return [];
  const isShipped = shippedFiles(layers, view, paths);
  const findings = new Map<string, Finding>();
  for (const [layer, { facts }] of layers.entries()) {
    for (const sighting of facts.secrets) {
      const file = fileOf(sighting);
      const removedInLayer = view.hiddenBy(file, layer);
      const key = [sighting.rule, sighting.path, sighting.fingerprint].join('\n');
      const finding = ofSighting(sighting, isShipped(file, layer), layer, removedInLayer);
      const known = findings.get(key);
      // A file that is copied up repeats its secrets: they belong to the layer where they first
      // appeared.
      findings.set(key, known ? { ...finding, layer: known.layer } : finding);
    }
  }
  return [...findings.values()];
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

/**
 * Finding of a secret; negligible if the distribution ships it: it is public, and an example or a
 * test.
 */
function ofSighting(
  { rule, title, severity, path, line, masked, fingerprint, confidence }: LayerSecret,
  isDistributed: boolean,
  layer: number,
  removedInLayer: number | undefined,
): Finding {
  return findingOf({
    kind: 'secret',
    id: rule,
    title,
    severity: isDistributed ? 'negligible' : severity,
    confidence: isDistributed ? 'possible' : confidence,
    path,
    layer,
    state: removedInLayer === undefined ? 'present' : 'shadowed',
    fingerprint: fingerprintOf(rule, path, fingerprint),
    evidence: {
      masked,
      line,
      origin: 'file',
      valueFingerprint: fingerprint,
      ...(removedInLayer !== undefined && { removedInLayer }),
    },
  });
}

/** Secrets in the config of an image. */
export function secretsInConfig(config: ImageConfig, key: Uint8Array): Finding[] {
  return findSecretsInConfig(config, key).map(
    ({ rule, title, severity, masked, fingerprint, confidence, origin, name }) =>
      findingOf({
        kind: 'secret',
        id: rule,
        title,
        severity,
        confidence,
        layer: null,
        state: 'present',
        fingerprint: fingerprintOf(rule, `${origin} ${name}`, fingerprint),
        evidence: { masked, origin, name, valueFingerprint: fingerprint },
      }),
  );
}

/** Fingerprint that is stable for the same secret in the same place, across rescans and digests. */
function fingerprintOf(rule: string, place: string, value: string): string {
  return createHash('sha256').update(['secret', rule, place, value].join('\n')).digest('hex');
}
