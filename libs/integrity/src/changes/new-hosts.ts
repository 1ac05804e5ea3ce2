import { isStarted } from '../files/script-signs.js';
import type { ImageTree } from '../image/image-tree.js';
import type { ImageState } from './image-state.js';

export interface NewHost {
  host: string;
  /** Up to a few files, `build step`, or `command`. */
  namedIn: string[];
}

const buildStep = 'build step';
const command = 'command';

/** Hosts that an image names. */
export interface HostInventory {
  inFiles: ReadonlyMap<string, string[]>;
  /** Null if the build steps are unknown. */
  inSteps: readonly string[] | null;
  /** Hosts in the entrypoint and command; null if unknown. */
  inCommand: readonly string[] | null;
}

/** Hosts in the visible files of an image. Null if a layer was not searched for hosts. */
export function knownHosts({ layers, config }: ImageState, tree: Pick<ImageTree, 'isShown'>): HostInventory | null {
  const inFiles = new Map<string, string[]>();
  for (const [layer, { hosts }] of layers.entries()) {
    if (!hosts) return null;
    for (const { path, hosts: named } of hosts) {
      if (!tree.isShown(path, layer)) continue;
      for (const host of named) {
        const paths = inFiles.get(host);
        if (paths) paths.push(path);
        else inFiles.set(host, [path]);
      }
    }
  }
  return { inFiles, inSteps: config?.stepHosts ?? null, inCommand: config?.commandHosts ?? null };
}

const maxPlaces = 5;

/**
 * Hosts that only `after` names, those in the image's own files before those in its dependencies;
 * null if one of the two images was not searched for hosts.
 */
export function newHosts(before: HostInventory | null, after: HostInventory | null): NewHost[] | null {
  if (!before || !after) return null;
  const places = new Map(after.inFiles);
  const add = (place: string, hosts: readonly string[]) => {
    for (const host of hosts) places.set(host, [place, ...(places.get(host) ?? [])]);
  };
  // Compared with an unknown build or command, every host would count as new.
  add(buildStep, (before.inSteps && after.inSteps) ?? []);
  add(command, (before.inCommand && after.inCommand) ?? []);
  const known = new Set([...before.inFiles.keys(), ...(before.inSteps ?? []), ...(before.inCommand ?? [])]);
  return [...places]
    .filter(([host]) => !known.has(host))
    .map(([host, paths]) => ({ host, namedIn: paths.toSorted(ownFirst).slice(0, maxPlaces) }))
    .toSorted((a, b) => distanceOf(a.namedIn[0]!) - distanceOf(b.namedIn[0]!) || (a.host < b.host ? -1 : 1));
}

function ownFirst(a: string, b: string): number {
  return distanceOf(a) - distanceOf(b) || (a < b ? -1 : 1);
}

/** Library directories, which name hundreds of hosts, also in examples and tests. */
export const dependencyPath =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|gems|tests?|examples?)\/|^usr\/(?:lib|share|include)\//;

/**
 * Distance of a place from code written for this image: build and command, started files, own code,
 * dependencies.
 */
function distanceOf(place: string): number {
  if (place === buildStep || place === command) return 0;
  if (isStarted(place)) return 1;
  return dependencyPath.test(place) ? 3 : 2;
}
