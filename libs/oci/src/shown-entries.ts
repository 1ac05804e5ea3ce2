import type { EntryStacks, StackedEntry } from './entry-stacks.js';
import type { LayerEntry } from './layer-entry.js';
import { parentOf } from './paths.js';

/** Limit on directories checked above one path; real paths have about ten. */
const maxDepth = 64;

/** Visible entries of an image by exact path: links in the path are not followed. */
export interface ShownEntries {
  get(path: string): StackedEntry | undefined;
  has(path: string): boolean;
  values(): Iterable<StackedEntry>;
}

/** Bulk form of `isVisible`: entries that hide the content of a directory are looked up once. */
export function shownEntries(stacks: EntryStacks): ShownEntries {
  let known: Uint8Array | undefined;
  const isShown = (number: number) => (known ??= visibility(stacks))[number] === 1;
  const numberAt = (path: string) => {
    for (const number of stacks.at(path)) if (isShown(number)) return number;
    return undefined;
  };
  return {
    get(path) {
      const number = numberAt(path);
      return number === undefined ? undefined : stacks.found(number);
    },
    has: (path) => numberAt(path) !== undefined,
    *values() {
      for (let number = 0; number < stacks.size; number += 1) if (isShown(number)) yield stacks.found(number);
    },
  };
}

/** Marks each visible entry with 1, by its number. */
function visibility(stacks: EntryStacks): Uint8Array {
  const visible = new Uint8Array(stacks.size);
  /**
   * For the topmost entry of each path: the first layer whose entries below that path are visible.
   */
  const blocks = new Uint16Array(stacks.size);
  for (const top of stacks.tops()) {
    let isOpen = true;
    for (const number of stacks.below(top)) {
      const entry = stacks.entryOf(number);
      blocks[top] = Math.max(blocks[top]!, blockOf(entry, stacks.layerOf(number)));
      if (isOpen && entry.whiteout === undefined) visible[number] = 1;
      isOpen &&= entry.whiteout === 'opaque';
    }
  }
  let directory: string | undefined;
  let first = 0;
  for (let number = 0; number < stacks.size; number += 1) {
    if (visible[number] === 0) continue;
    const { path } = stacks.entryOf(number);
    // The root has no parent.
    const parent = path === '' ? undefined : parentOf(path);
    // Files of one directory come one after the other.
    if (parent !== directory) {
      directory = parent;
      first = 0;
      for (const top of stacks.above(path, maxDepth)) first = Math.max(first, blocks[top]!);
    }
    if (stacks.layerOf(number) < first) visible[number] = 0;
  }
  return visible;
}

/** First layer whose entries below the path of this one are visible. */
function blockOf({ type, whiteout }: LayerEntry, layer: number): number {
  if (whiteout !== undefined || type === 'symlink') return layer;
  // Within one layer, files below a link are unpacked through the link; other non-directories
  // cannot have files below.
  return type === 'directory' ? 0 : layer + 1;
}
