import type { Overlay, Warning } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';
import { mergedPath } from './ownership.js';
import { isTestData } from './pypi.js';
import { pythonRecord } from './python-record/python-record.js';

/** Code of one package in a folder of a package manager. */
interface PackageCode {
  /** Folder of the package manager, such as `app/node_modules`. */
  site: string;
  /** Name of the package's folder. */
  name: string;
  /** Folder of the package. */
  folder: string;
  /** A file with its code. */
  path: string;
}

type IsFile = (path: string) => boolean;

/** Package manager with a folder for each package. */
interface Kind {
  noun: string;
  manifest: string;
  /** Part of each path, for a fast check, and of none inside a package. */
  part: string;
  /** With the groups `folder`, `site`, `name` and `inside`. */
  code: RegExp;
  /** Whether a manifest lists a package: one that the image `has`, or that was read in a layer. */
  isListed: (code: PackageCode, has: IsFile, wasRead: IsFile) => boolean;
}

/**
 * Modules that Python runs at its start: of the user or of virtualenv, not of a package. @see
 * https://docs.python.org/3/library/site.html
 */
const startHooks = new Set(['sitecustomize', 'usercustomize', '_virtualenv']);

const kinds: readonly Kind[] = [
  {
    noun: 'packages',
    manifest: 'package.json',
    part: 'node_modules/',
    // Below no other packages than those that may have dependencies of their own, or a store.
    code: /^(?<folder>(?<site>(?:[^/]{1,255}\/){0,30}?node_modules)\/(?:(?:[@.][^/]{1,255}\/)?[^/]{1,255}\/node_modules\/){0,10}(?<name>(?:@[^/]{1,255}\/)?[^/@.][^/]{0,255}))\/(?<inside>.{1,1000}\.(?:[cm]?js|node))$/,
    // A link is not read. A manifest that names nothing, or that a later layer deletes, has its own
    // warning.
    isListed: ({ folder }, _, wasRead) => wasRead(`${folder}/package.json`),
  },
  {
    noun: 'packages',
    manifest: 'installed.json',
    part: 'vendor/',
    code: /^(?<folder>(?<site>(?:.{1,1000}\/)?vendor)\/(?<name>(?!composer\/)[^/.]{1,128}\/[^/]{1,128}))\/(?<inside>.{1,1000}\.php)$/,
    // Composer puts its loader beside the packages.
    isListed: ({ site }, has) =>
      !has(`${site}/autoload.php`) || ['json', 'php'].some((kind) => has(`${site}/composer/installed.${kind}`)),
  },
  {
    noun: 'gems',
    manifest: 'specification',
    part: 'gems/',
    // A clone of a repository (`bundler/gems`) has its own specification.
    code: /^(?<folder>(?<site>(?:.{1,1000}\/)?(?<!\bbundler\/)gems)\/(?<name>[^/]{1,200}-\d[^/]{0,100}))\/(?<inside>lib\/.{1,1000}\.rb)$/,
    isListed: ({ site, name }, has) =>
      ['', 'default/'].some((kind) => has(`${site.slice(0, -'gems'.length)}specifications/${kind}${name}.gemspec`)),
  },
  {
    noun: 'packages',
    manifest: 'metadata',
    part: '-packages/',
    // A package, one in a namespace (`google/protobuf/__init__.py`), or a single module: `six.py`.
    code: /^(?<folder>(?<site>(?:.{1,1000}\/)?(?:site|dist)-packages)\/(?<name>[^/]{1,200}(?:\/[^/]{1,200}(?=\/__init__\.))?))(?:\/(?<inside>__init__\.pyc?)|\.(?:pyc?|so))$/,
    isListed: ({ site, name, path }, has) => {
      if (startHooks.has(name)) return true;
      const [outer = '', inner] = name.split('/');
      const isInner = inner !== undefined && ['py', 'pyc'].some((end) => has(`${site}/${outer}/__init__.${end}`));
      return isInner || outer.endsWith('.egg') || isTestData(path);
    },
  },
];
/** Names that a warning has. */
const namesShown = 10;

/**
 * Warns about code of npm, Composer, RubyGems and pip whose manifest is missing from the start: it
 * would count as no package. Files that any package lists are known by that package.
 */
export function unlistedCode(layers: readonly AnalyzedLayer[], view: Overlay): Warning[] {
  const files = layers.flatMap(({ facts }) => facts.files);
  const read = new Set(files.map(({ path }) => path));
  const found = codeIn(view, (path) => read.has(path));
  if (found.size === 0) return [];
  for (const { path } of files.flatMap(({ owned = [] }) => owned.flatMap((each) => each.files)))
    found.delete(mergedPath(path));
  const unclear = sitesWithoutLists(files, read);
  const clear = [...found.values()].filter(({ code }) => !unclear.has(code.site));
  return Array.from(Map.groupBy(clear, ({ code }) => code.site).values(), warningOf);
}

interface Unlisted {
  kind: Kind;
  code: PackageCode;
}

/** Code without a manifest, by the path of its file. */
function codeIn(view: Overlay, wasRead: IsFile): Map<string, Unlisted> {
  const found = new Map<string, Unlisted>();
  const seen = new Set<string>();
  const has: IsFile = (path) => view.shown.has(path);
  for (const { entry } of view.shown.values()) {
    if (entry.type !== 'file') continue;
    for (const kind of kinds) {
      if (!entry.path.includes(kind.part)) continue;
      const { folder, site = '', name = '', inside = '' } = kind.code.exec(entry.path)?.groups ?? {};
      if (folder === undefined || seen.has(folder) || inside.includes(kind.part)) continue;
      seen.add(folder);
      // Compiled code belongs to the package that lists its source.
      const code = { site, name, folder, path: entry.path.replace(/\.pyc$/, '.py') };
      if (!kind.isListed(code, has, wasRead)) found.set(mergedPath(code.path), { kind, code });
    }
  }
  return found;
}

function warningOf(all: readonly Unlisted[]): Warning {
  const { kind, code } = all[0]!;
  const names = all.map((each) => each.code.name).toSorted();
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
  const message = `code of ${kind.noun} without ${kind.manifest}: ${names.slice(0, namesShown).join(', ')}${more}`;
  return { code: 'PACKAGES_UNKNOWN', path: code.site, message };
}

const ofDistribution = /\.(?:dist|egg)-info(?:\/.{1,300})?$/;

/** Folders with a distribution without a list of files, as of `setup.py`: code may belong to it. */
function sitesWithoutLists(files: AnalyzedLayer['facts']['files'], read: ReadonlySet<string>): Set<string> {
  const unlisted = files.filter(
    ({ path, analyzer }) =>
      analyzer !== pythonRecord.name &&
      ofDistribution.test(path) &&
      !read.has(path.replace(ofDistribution, '.dist-info/RECORD')),
  );
  return new Set(unlisted.map(({ path }) => path.replace(ofDistribution, '').replace(/\/[^/]{0,255}$/, '')));
}
