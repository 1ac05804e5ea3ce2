import { type EnabledSuites, suiteOfTag, suitesOfPackage, suitesOfReleases } from '@tidewaiter/advisories';
import type { OsRelease, PackageRecord, PackageType } from '@tidewaiter/domain';
import type { Overlay } from '@tidewaiter/oci';

import type { AnalyzedLayer, FileRecord } from './layer-facts.js';

/**
 * Returns the suites that a package may be from, where its release may be another than that of
 * os-release. The layer that installs a package shows which were enabled then; what a command
 * enables only for itself is in no layer.
 */
export function packageSuites(
  layers: readonly AnalyzedLayer[],
  view: Pick<Overlay, 'hiddenBy'>,
  os: OsRelease,
  type: PackageType,
): (record: PackageRecord) => readonly string[] {
  const files = layers.flatMap(({ facts }, layer) =>
    facts.files
      .filter(({ suites, pins }) => suites !== undefined || pins !== undefined)
      .map((file) => ({ file, layer, until: view.hiddenBy(file.path, layer) ?? Infinity })),
  );
  if (files.length === 0) return () => [];
  const { installs, base } = installsOf(layers, type);
  const byTag = new Map(
    files.flatMap(({ file: { suites = [] } }) =>
      suites.flatMap(({ tag, suite }) => (tag === undefined ? [] : [[tag, suite] as const])),
    ),
  );
  const tagged = new Map(layers.flatMap(({ facts }) => facts.files.flatMap((file) => file.tagged ?? [])));
  const configurations = layers.map((_, layer) =>
    // The commands of a layer see what the layer below enables, and what they change themselves.
    configurationOf(
      os,
      files.filter(({ layer: from, until }) => from <= layer && until >= layer).map(({ file }) => file),
      layer === base,
    ),
  );
  const anyConfiguration: EnabledSuites = {
    suites: [...new Set(configurations.flatMap(({ suites }) => suites))],
    pins: [],
    isBase: true,
  };
  const suitesOf = (record: PackageRecord): readonly string[] => {
    const ofTag = byTag.get(tagged.get(record.name)?.replace(/^@/, '') ?? '');
    if (ofTag !== undefined) return [suiteOfTag(os, ofTag) ?? []].flat();
    const own = new Set((installs.get(identityOf(record)) ?? []).map((layer) => configurations[layer]!));
    return suitesOfPackage(os, record, own.size > maxConfigurations ? [anyConfiguration] : [...own]);
  };
  const known = new Map<string, readonly string[]>();
  // The databases of all layers repeat most packages.
  return (record) => {
    const identity = identityOf(record);
    const suites = known.get(identity) ?? suitesOf(record);
    known.set(identity, suites);
    return suites;
  };
}

/**
 * Limits on what is evaluated for each package. Beyond them a package may be of more releases: pins
 * only exclude some.
 */
const maxConfigurations = 8;
const maxPatterns = 1_000;

function configurationOf(os: OsRelease, files: readonly FileRecord[], isBase: boolean): EnabledSuites {
  const enabled = files.flatMap(({ suites = [] }) =>
    suites.flatMap(({ suite, tag }) => (tag === undefined ? suite : [])),
  );
  // apt reads `preferences`, then the files of its folder.
  const pins = files.toSorted((a, b) => (a.path < b.path ? -1 : 1)).flatMap((file) => file.pins ?? []);
  const patterns = pins.flatMap(({ packages }) => packages).length;
  return { suites: suitesOfReleases(os, enabled), pins: patterns > maxPatterns ? [] : pins, isBase };
}

/** Layers that install each package of a kind, and the lowest one that installs any. */
function installsOf(layers: readonly AnalyzedLayer[], type: PackageType) {
  const installs = new Map<string, number[]>();
  const before = new Map<string, ReadonlySet<string>>();
  let base: number | undefined;
  for (const [layer, { facts }] of layers.entries()) {
    for (const { path, packages = [] } of facts.files) {
      const now = new Set(packages.filter((record) => record.type === type).map(identityOf));
      if (now.size === 0) continue;
      base ??= layer;
      for (const identity of now) {
        if (before.get(path)?.has(identity) === true) continue;
        const known = installs.get(identity);
        if (known === undefined) installs.set(identity, [layer]);
        else if (known.at(-1) !== layer) known.push(layer);
      }
      before.set(path, now);
    }
  }
  return { installs, base };
}

/** Name, version and architecture, which identify an installed package. */
export function identityOf({ name, version, arch = '' }: PackageRecord): string {
  return `${name}\n${version}\n${arch}`;
}
