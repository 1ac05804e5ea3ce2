import type { LayerEntry } from './layer-entry.js';
import { maxLinkDepth } from './limits.js';
import { normalizePath, parentOf } from './paths.js';

export interface Found {
  /** Index of the layer, 0 at the bottom. */
  layer: number;
  entry: LayerEntry;
}

/** What the layers of an image show together, without unpacking any of them. */
export interface Overlay {
  /** What a process in the container finds at `path`, following symbolic links inside the image; undefined for nothing. */
  lookup(path: string): Found | undefined;
  /** Whether the entry of `layer` at exactly `path` is the one that the image shows there. */
  isVisible(path: string, layer: number): boolean;
  /** The lowest layer above `layer` that replaces or removes what `layer` has at `path`. */
  hiddenBy(path: string, layer: number): number | undefined;
}

/** What the layers say about one path, from the top down; whiteouts lie under the files of their own layer. */
interface Node extends Found {
  below: Node | undefined;
}

/**
 * Lays layers over each other, the lowest first.
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
 */
export function overlay(layers: readonly (readonly LayerEntry[])[]): Overlay {
  const nodes = new Map<string, Node>();
  const add = (layer: number, entry: LayerEntry) => {
    nodes.set(entry.path, { layer, entry, below: nodes.get(entry.path) });
  };
  for (const [layer, entries] of layers.entries()) {
    // A whiteout removes only what lies in lower layers, wherever it stands in its own.
    for (const entry of entries) if (entry.whiteout) add(layer, entry);
    for (const entry of entries) if (!entry.whiteout) add(layer, entry);
  }
  const hiddenBy = (path: string, layer: number) => lowestHider(nodes, path, layer);
  const isVisible = (path: string, layer: number) => {
    return entryOf(nodes.get(path), layer) !== undefined && hiddenBy(path, layer) === undefined;
  };
  return { hiddenBy, isVisible, lookup: (path) => resolve(nodes, path, isVisible) };
}

function entryOf(top: Node | undefined, layer: number): Node | undefined {
  for (let node = top; node && node.layer >= layer; node = node.below) {
    if (node.layer === layer && !node.entry.whiteout) return node;
  }
  return undefined;
}

function lowestHider(nodes: ReadonlyMap<string, Node>, path: string, layer: number): number | undefined {
  let lowest: number | undefined;
  const consider = (node: Node) => {
    if (lowest === undefined || node.layer < lowest) lowest = node.layer;
  };
  for (let node = nodes.get(path); node && node.layer > layer; node = node.below) {
    if (node.entry.whiteout !== 'opaque') consider(node);
  }
  for (let directory = path; directory !== '';) {
    directory = parentOf(directory);
    for (let node = nodes.get(directory); node && node.layer >= layer; node = node.below) {
      if (hidesChildren(node, layer)) consider(node);
    }
  }
  return lowest;
}

/** Whether an entry at a directory's path hides what `layer` has below that directory. */
function hidesChildren({ layer: own, entry }: Node, layer: number): boolean {
  if (own > layer) return entry.whiteout !== undefined || entry.type !== 'directory';
  // In one layer, files below a link go through the link when they are unpacked; below anything else there is no place.
  return entry.whiteout === undefined && entry.type !== 'directory' && entry.type !== 'symlink';
}

/** Walks a path from the root as the kernel does, so that `..` behind a link leads out of where the link points to. */
function resolve(
  nodes: ReadonlyMap<string, Node>,
  path: string,
  isVisible: (path: string, layer: number) => boolean,
): Found | undefined {
  const shown = (at: string): Node | undefined => {
    const top = topEntry(nodes.get(at));
    return top && isVisible(at, top.layer) ? top : undefined;
  };
  const exact = shown(normalizePath(path));
  if (exact && exact.entry.type !== 'symlink') return { layer: exact.layer, entry: exact.entry };
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
  const found = shown(at);
  return found && { layer: found.layer, entry: found.entry };
}

function topEntry(top: Node | undefined): Node | undefined {
  for (let node = top; node; node = node.below) {
    if (node.entry.whiteout === undefined) return node;
    if (node.entry.whiteout === 'file') return undefined;
  }
  return undefined;
}
