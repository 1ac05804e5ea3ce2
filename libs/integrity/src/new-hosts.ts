import type { ImageState } from './image-state.js';
import type { ImageTree } from './image-tree.js';

export interface NewHost {
  host: string;
  /** Some of the files, or `build step`. */
  namedIn: string[];
}

const buildStep = 'build step';

/** The hosts that an image names, with the files; null where nobody looked. */
export interface KnownHosts {
  inFiles: Map<string, string[]> | null;
  inSteps: readonly string[] | null;
}

/** What the image names that the layers make: files that an upper layer hides name nothing. */
export function knownHosts({ layers, config }: ImageState, tree: Pick<ImageTree, 'isShown'>): KnownHosts {
  const inFiles = new Map<string, string[]>();
  for (const [layer, { hosts }] of layers.entries()) {
    if (!hosts) return { inFiles: null, inSteps: config?.stepHosts ?? null };
    for (const { path, hosts: named } of hosts) {
      if (!tree.isShown(path, layer)) continue;
      for (const host of named) {
        const paths = inFiles.get(host);
        if (paths) paths.push(path);
        else inFiles.set(host, [path]);
      }
    }
  }
  return { inFiles, inSteps: config?.stepHosts ?? null };
}

const maxPlaces = 5;

/** The hosts that only `after` names, of files and steps each as far as both images are known; null where that is nothing. */
export function newHosts(before: KnownHosts, after: KnownHosts): NewHost[] | null {
  const places = new Map<string, string[]>();
  const areFilesKnown = before.inFiles !== null && after.inFiles !== null;
  const areStepsKnown = before.inSteps !== null && after.inSteps !== null;
  if (!areFilesKnown && !areStepsKnown) return null;
  if (areFilesKnown) for (const [host, paths] of after.inFiles ?? []) places.set(host, paths);
  if (areStepsKnown) for (const host of after.inSteps ?? []) places.set(host, [buildStep, ...(places.get(host) ?? [])]);
  const known = new Set([...(before.inFiles?.keys() ?? []), ...(before.inSteps ?? [])]);
  return Array.from(places, ([host, paths]) => ({ host, namedIn: paths.toSorted().slice(0, maxPlaces) }))
    .filter(({ host }) => !known.has(host))
    .toSorted((a, b) => (a.host < b.host ? -1 : 1));
}
