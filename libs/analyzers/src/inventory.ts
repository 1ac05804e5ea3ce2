import type { ImagePackage, OsRelease, PackageRecord } from '@tidewaiter/domain';
import { overlay, type LayerEntry, type Overlay, type Warning } from '@tidewaiter/oci';

import type { LayerFacts } from './layer-facts.js';
import { osReleasePaths } from './os-release/os-release.js';
import { purlOf } from './purl.js';

/** One layer as it is stored: what it holds and what its files say. */
export interface AnalyzedLayer {
  entries: readonly LayerEntry[];
  facts: LayerFacts;
}

/** The packages of an image. */
export interface Inventory {
  /** Null for images without a distribution. */
  os: OsRelease | null;
  /** Each once, sorted by purl. */
  packages: ImagePackage[];
  warnings: Warning[];
}

/** One database's word that a package is there, and in which layers that database is the one that counts. */
interface Sighting {
  record: PackageRecord;
  from: number;
  /** Index of the layer that ends it; infinite for what the image shows. */
  until: number;
}

/**
 * Folds the layers of an image, lowest first. A package is `present` when a database that the image shows lists it, and
 * belongs to the layer from which on that never stopped being so; it is `shadowed` when only hidden databases do.
 */
export function inventory(layers: readonly AnalyzedLayer[]): Inventory {
  const view = overlay(layers.map(({ entries }) => entries));
  const os = findOs(layers, view);
  const packages: ImagePackage[] = [];
  for (const [purl, sightings] of sightingsByPurl(layers, view, os)) packages.push(fold(purl, sightings));
  packages.sort((a, b) => (a.purl < b.purl ? -1 : 1));
  return { os, packages, warnings: layers.flatMap(({ facts }) => facts.warnings) };
}

function findOs(layers: readonly AnalyzedLayer[], view: Overlay): OsRelease | null {
  for (const path of osReleasePaths) {
    const shown = layers.find((layer, index) => osIn(layer, path) && view.isVisible(path, index));
    const found = view.lookup(path);
    const os = osIn(shown, path) ?? (found && osIn(layers[found.layer], found.entry.path));
    if (os) return os;
  }
  return null;
}

function osIn(layer: AnalyzedLayer | undefined, path: string): OsRelease | undefined {
  return layer?.facts.files.find((file) => file.path === path && file.os !== undefined)?.os;
}

function sightingsByPurl(
  layers: readonly AnalyzedLayer[],
  view: Overlay,
  os: OsRelease | null,
): Map<string, Sighting[]> {
  const sightings = new Map<string, Sighting[]>();
  for (const [from, { facts }] of layers.entries()) {
    for (const { path, packages = [] } of facts.files) {
      const until = view.hiddenBy(path, from) ?? Infinity;
      for (const record of packages) {
        const purl = purlOf(record, os);
        const known = sightings.get(purl);
        if (known) known.push({ record, from, until });
        else sightings.set(purl, [{ record, from, until }]);
      }
    }
  }
  return sightings;
}

/** Sightings come in the order of their layers. */
function fold(purl: string, sightings: readonly Sighting[]): ImagePackage {
  const first = sightings[0]!;
  let run = { from: first.from, until: first.until };
  for (const { from, until } of sightings) {
    if (from <= run.until) run.until = Math.max(run.until, until);
    else run = { from, until };
  }
  const shown = sightings.find(({ until }) => until === Infinity);
  if (shown) return { ...shown.record, purl, layer: run.from, state: 'present' };
  return { ...first.record, purl, layer: first.from, state: 'shadowed' };
}
