import type { Overlay, Warning } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';
import { mergedPath } from './ownership.js';
import { isTestData } from './pypi.js';
import { pythonRecord } from './python-record/python-record.js';

/** Code of one package in a folder of a package manager, which has no manifest of it. */
interface Unlisted {
  /** Folder of the package manager, such as `app/node_modules`. */
  site: string;
  /** Name of the package's folder. */
  name: string;
  /** A file with its code. */
  path: string;
}

const kinds = [
  { find: npmCode, noun: 'packages', manifest: 'package.json' },
  { find: gemCode, noun: 'gems', manifest: 'specification' },
  { find: pythonCode, noun: 'packages', manifest: 'metadata' },
];
/** Names that a warning has. */
const namesShown = 10;

/**
 * Warns about code of npm, RubyGems and pip whose manifest is missing from the start: it would
 * count as no package. Files that any package lists are known by that package.
 */
export function unlistedCode(layers: readonly AnalyzedLayer[], view: Overlay): Warning[] {
  return kinds.flatMap(({ find, noun, manifest }) => {
    const unlisted = withoutOwned(find(view, layers), layers);
    return Array.from(
      Map.groupBy(unlisted, ({ site }) => site),
      ([site, all]) => {
        const names = all.map(({ name }) => name).toSorted();
        const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
        const message = `code of ${noun} without ${manifest}: ${names.slice(0, namesShown).join(', ')}${more}`;
        return { code: 'PACKAGES_UNKNOWN', path: site, message };
      },
    );
  });
}

function withoutOwned(found: readonly Unlisted[], layers: readonly AnalyzedLayer[]): Unlisted[] {
  if (found.length === 0) return [];
  const byPath = new Map(found.map((each) => [mergedPath(each.path), each]));
  for (const { owned = [] } of layers.flatMap(({ facts }) => facts.files)) {
    for (const { path } of owned.flatMap(({ files }) => files)) byPath.delete(mergedPath(path));
  }
  return [...byPath.values()];
}

/** First code in each folder of `node_modules`, below no other package than those that list it. */
const inNodeModules =
  /^((?:[^/]{1,255}\/){0,30}?node_modules)\/(?:(?:[@.][^/]{1,255}\/)?[^/]{1,255}\/node_modules\/){0,10}((?:@[^/]{1,255}\/)?[^/@.][^/]{0,255})\/(.{1,1000}\.(?:[cm]?js|node))$/;

function npmCode(view: Overlay, layers: readonly AnalyzedLayer[]): Unlisted[] {
  const found = new Map<string, Unlisted>();
  for (const path of filesWith(view, 'node_modules/')) {
    const [, site = '', name = '', inside = 'node_modules/'] = inNodeModules.exec(path) ?? [];
    const folder = path.slice(0, path.length - inside.length);
    if (inside.includes('node_modules/') || found.has(folder)) continue;
    found.set(folder, { site, name, path });
  }
  // A link is not read. A manifest that names nothing, or that a later layer deletes, has a warning
  // of its own.
  for (const { path } of layers.flatMap(({ facts }) => facts.files)) found.delete(path.replace(/package\.json$/, ''));
  return [...found.values()];
}

/** Code of an unpacked gem; a clone of a repository (`bundler/gems`) has its own specification. */
const inGem = /^((?:.{1,1000}\/)?gems)\/([^/]{1,200}-\d[^/]{0,100})\/lib\/.{1,1000}\.rb$/;

function gemCode(view: Overlay): Unlisted[] {
  const found = new Map<string, Unlisted>();
  for (const path of filesWith(view, 'gems/')) {
    const [, site = '', name = ''] = inGem.exec(path) ?? [];
    const key = `${site}/${name}`;
    if (name === '' || found.has(key) || /(?:^|\/)bundler\/gems$/.test(site)) continue;
    const above = site.slice(0, -'gems'.length);
    const specifications = ['', 'default/'].map((folder) => `${above}specifications/${folder}${name}.gemspec`);
    if (!specifications.some((each) => view.shown.has(each))) found.set(key, { site, name, path });
  }
  return [...found.values()];
}

/** A package of Python, or one in a namespace: `google/protobuf/__init__.py`. */
const inSite =
  /^((?:.{1,1000}\/)?(?:site|dist)-packages)\/([^/]{1,200}(?<!\.egg))\/(?:([^/]{1,200})\/)?__init__\.py(?=c?$)/;

function pythonCode(view: Overlay, layers: readonly AnalyzedLayer[]): Unlisted[] {
  const found = new Map<string, Unlisted>();
  for (const file of filesWith(view, '-packages/')) {
    // Compiled code belongs to the package that lists its source.
    const [path = '', site = '', name = '', inner] = inSite.exec(file) ?? [];
    if (path === '' || isTestData(path)) continue;
    const outer = `${site}/${name}/__init__.py`;
    const isInPackage = inner !== undefined && (view.shown.has(outer) || view.shown.has(`${outer}c`));
    if (!isInPackage) found.set(path, { site, name: inner === undefined ? name : `${name}.${inner}`, path });
  }
  const withoutLists = sitesWithoutLists(layers);
  return [...found.values()].filter(({ site }) => !withoutLists.has(site));
}

/** Folders with a distribution that lists no files, as of `setup.py`: any may be its own. */
function sitesWithoutLists(layers: readonly AnalyzedLayer[]): Set<string> {
  const files = layers.flatMap(({ facts }) => facts.files);
  const lists = new Set(files.filter(({ analyzer }) => analyzer === pythonRecord.name).map(({ path }) => path));
  const unlisted = files.filter(
    ({ path }) =>
      /\.(?:dist|egg)-info(?:$|\/)/.test(path) && !lists.has(path.replace(/(?<=\.dist-info\/).{1,100}$/, 'RECORD')),
  );
  return new Set(unlisted.map(({ path }) => path.replace(/\/[^/]{1,255}\.(?:dist|egg)-info(?:$|\/.{0,300}$)/, '')));
}

function* filesWith(view: Overlay, part: string): Generator<string> {
  for (const { entry } of view.shown.values()) if (entry.type === 'file' && entry.path.includes(part)) yield entry.path;
}
