import type { ImagePackage } from '@tidewaiter/domain';
import type { Overlay, Warning } from '@tidewaiter/oci';

import type { AnalyzedLayer } from './layer-facts.js';
import { pythonRecord } from './python-record/python-record.js';

/**
 * Warns about packages of npm and Python whose manifest a later layer deletes while their code
 * stays: they would count as removed. Also about distributions of Python that never had one.
 */
export function leftBehind(
  packages: readonly ImagePackage[],
  layers: readonly AnalyzedLayer[],
  view: Overlay,
): Warning[] {
  const gone = packages.filter(({ state, foundIn }) => state === 'shadowed' && !view.shown.has(foundIn));
  const byFolder = new Map(
    gone.filter(({ foundIn }) => foundIn.endsWith('/package.json')).map((each) => [folderOf(each.foundIn), each]),
  );
  const ofNpm = byFolder.size === 0 ? [] : withFiles(byFolder, view);
  const ofPython = gone.filter(
    ({ foundIn, layer }) =>
      foundIn.endsWith('.dist-info/METADATA') && hasOwnedFile(folderOf(foundIn), layers[layer], view),
  );
  const deleted = [...ofNpm, ...ofPython].map(({ name, version, foundIn }) => {
    const message = `deleted by a later layer, while files of ${name} ${version} stay`;
    return { code: 'PACKAGES_UNKNOWN', path: foundIn, message };
  });
  return [...deleted, ...withoutMetadata(layers, view)];
}

/** Distributions of Python with a list of their files, and without a name and version. */
function withoutMetadata(layers: readonly AnalyzedLayer[], view: Overlay): Warning[] {
  const files = layers.flatMap(({ facts }) => facts.files);
  const read = new Set(files.map(({ path }) => path));
  const records = files.filter(({ analyzer, path }) => analyzer === pythonRecord.name && view.shown.has(path));
  return [...new Set(records.map(({ path }) => path))]
    .filter((path) => !read.has(`${folderOf(path)}/METADATA`))
    .map((path) => ({ code: 'PACKAGES_UNKNOWN', path, message: 'distribution of Python whose METADATA was not read' }));
}

/** Packages with a file in their folder, other than those of packages inside. */
function withFiles(byFolder: ReadonlyMap<string, ImagePackage>, view: Overlay): ImagePackage[] {
  const found = new Set<ImagePackage>();
  for (const { entry } of view.shown.values()) {
    if (entry.type !== 'file' || !entry.path.includes('node_modules/')) continue;
    const inside = entry.path.lastIndexOf('node_modules/') + 'node_modules/'.length;
    for (let end = entry.path.lastIndexOf('/'); end > inside; end = entry.path.lastIndexOf('/', end - 1)) {
      const owner = byFolder.get(entry.path.slice(0, end));
      if (owner) found.add(owner);
    }
  }
  return [...found];
}

/** Whether the image still has a file that the `RECORD` of a distribution lists. */
function hasOwnedFile(folder: string, layer: AnalyzedLayer | undefined, view: Overlay): boolean {
  const records = layer?.facts.files.filter(({ path }) => path === `${folder}/RECORD`) ?? [];
  const files = records.flatMap(({ owned = [] }) => owned.flatMap((each) => each.files));
  return files.some(({ path }) => !path.startsWith(`${folder}/`) && view.shown.has(path));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
