import { EntryStacks, type StackedEntry } from './entry-stacks.js';
import type { LayerEntries } from './layer-entry.js';
import { maxLinkDepth } from './limits.js';
import { normalizePath, parentOf } from './paths.js';
import { type ShownEntries, shownEntries } from './shown-entries.js';

/** Merged view of the layers of an image, computed without unpacking them. */
export interface Overlay {
  /**
   * Entry that a process in the container sees at `path`, following symbolic links; undefined if
   * none.
   */
  lookup(path: string): StackedEntry | undefined;
  /** Path without symbolic links, of anything or nothing; undefined for a loop of links. */
  realPath(path: string): string | undefined;
  /** Whether the entry of `layer` at exactly `path` is visible. */
  isVisible(path: string, layer: number): boolean;
  /** Lowest layer above `layer` that replaces or removes the entry of `layer` at `path`. */
  hiddenBy(path: string, layer: number): number | undefined;
  /**
   * Entries of all layers at exactly `path`, from the top down; whiteouts come below files of their
   * own layer.
   */
  stackAt(path: string): StackedEntry[];
  /** All visible entries of the image; computed for every entry on first access. */
  readonly shown: ShownEntries;
}

/**
 * Lays layers over each other, the lowest first.
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
 */
export function overlay(layers: readonly LayerEntries[]): Overlay {
  const stacks = new EntryStacks(layers);
  const stackAt = (path: string) => Array.from(stacks.at(path), (number) => stacks.found(number));
  const hiddenBy = (path: string, layer: number) => lowestHider(stacks, path, layer);
  const isVisible = (path: string, layer: number) =>
    stackAt(path).some((found) => found.layer === layer && !found.entry.whiteout) &&
    hiddenBy(path, layer) === undefined;
  const shownAt = (path: string) => topEntry(stackAt(path), isVisible);
  const realPath = (path: string) => resolve(path, shownAt);
  const lookup = (path: string) => {
    const at = realPath(path);
    return at === undefined ? undefined : shownAt(at);
  };
  return { lookup, realPath, isVisible, hiddenBy, stackAt, shown: shownEntries(stacks) };
}

function lowestHider(stacks: EntryStacks, path: string, layer: number): number | undefined {
  let lowest: number | undefined;
  const consider = (found: StackedEntry) => {
    if (lowest === undefined || found.layer < lowest) lowest = found.layer;
  };
  for (const number of stacks.at(path)) {
    if (stacks.layerOf(number) <= layer) break;
    const found = stacks.found(number);
    if (found.entry.whiteout !== 'opaque') consider(found);
  }
  for (const top of stacks.above(path)) {
    for (const number of stacks.below(top)) {
      if (stacks.layerOf(number) < layer) break;
      const found = stacks.found(number);
      if (hidesChildren(found, layer)) consider(found);
    }
  }
  return lowest;
}

/** Whether an entry at a directory's path hides what `layer` has below that directory. */
function hidesChildren({ layer: own, entry }: StackedEntry, layer: number): boolean {
  if (own > layer) return entry.whiteout !== undefined || entry.type !== 'directory';
  // Within one layer, files below a link are unpacked through the link; other non-directories
  // cannot have files below.
  return entry.whiteout === undefined && entry.type !== 'directory' && entry.type !== 'symlink';
}

/**
 * Walks a path from the root as the kernel does: `..` after a link leads to the parent of the
 * link's target.
 */
function resolve(path: string, shown: (at: string) => StackedEntry | undefined): string | undefined {
  const exact = shown(normalizePath(path));
  if (exact && exact.entry.type !== 'symlink') return exact.entry.path;
  const pending = path.split('/').toReversed();
  let at = '';
  let links = 0;
  for (let segment = pending.pop(); segment !== undefined; segment = pending.pop()) {
    if (segment === '' || segment === '.') continue;
    const next = segment === '..' ? parentOf(at) : normalizePath(`${at}/${segment}`);
    const { type, linkTarget = '' } = shown(next)?.entry ?? {};
    if (type === 'symlink') {
      links += 1;
      if (links > maxLinkDepth) return undefined;
      if (linkTarget.startsWith('/')) at = '';
      pending.push(...linkTarget.split('/').toReversed());
    } else {
      at = next;
    }
  }
  return at;
}

function topEntry(
  stack: readonly StackedEntry[],
  isVisible: (path: string, layer: number) => boolean,
): StackedEntry | undefined {
  const top = stack.find(({ entry }) => entry.whiteout !== 'opaque');
  if (!top || top.entry.whiteout) return undefined;
  return isVisible(top.entry.path, top.layer) ? top : undefined;
}
