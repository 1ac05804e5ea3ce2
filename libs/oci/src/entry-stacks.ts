import type { LayerEntries, LayerEntry } from './layer-entry.js';
import { PathIndex } from './path-index.js';

export interface StackedEntry {
  /** Index of the layer, 0 at the bottom. */
  layer: number;
  entry: LayerEntry;
}

/** Entries of all layers, stacked by path. Each has a number, counted from the bottom layer up. */
export class EntryStacks {
  /** All entries. */
  readonly size: number;
  readonly #layers: readonly LayerEntries[];
  /** Number of the first entry of each layer. */
  readonly #firsts: number[] = [];
  readonly #layerOf: Uint16Array;
  /**
   * Number of the next entry below each entry of the same path, plus one; zero if there is none.
   */
  readonly #below: Uint32Array;
  readonly #tops = new PathIndex((number) => this.entryOf(number).path);

  constructor(layers: readonly LayerEntries[]) {
    let size = 0;
    for (const { length } of layers) {
      this.#firsts.push(size);
      size += length;
    }
    this.size = size;
    this.#layers = layers;
    this.#layerOf = new Uint16Array(size);
    this.#below = new Uint32Array(size);
    for (const layer of layers.keys()) {
      // A whiteout removes only entries of lower layers, whatever its position in its own layer.
      this.#add(layer, (entry) => entry.whiteout !== undefined);
      this.#add(layer, (entry) => entry.whiteout === undefined);
    }
  }

  entryOf(number: number): LayerEntry {
    const layer = this.layerOf(number);
    return this.#layers[layer]!.at(number - this.#firsts[layer]!)!;
  }

  found(number: number): StackedEntry {
    return { layer: this.layerOf(number), entry: this.entryOf(number) };
  }

  layerOf(number: number): number {
    return this.#layerOf[number]!;
  }

  /** Numbers of the entries at a path, from the top down. */
  at(path: string): Iterable<number> {
    return this.below(this.#tops.get(path));
  }

  /** This number and the numbers of the entries below it at the same path. */
  *below(number: number | undefined): Generator<number> {
    for (let next = number === undefined ? 0 : number + 1; next !== 0; next = this.#below[next - 1]!) yield next - 1;
  }

  /**
   * Topmost numbers of the directories above a path, the root first; at most `maxDepth` below the
   * root.
   */
  above(path: string, maxDepth?: number): number[] {
    const root = path === '' ? undefined : this.#tops.get('');
    const others = this.#tops.above(path, maxDepth);
    return root === undefined ? others : [root, ...others];
  }

  /** Number of the topmost entry of each path, in no particular order. */
  *tops(): Generator<number> {
    const isCovered = new Uint8Array(this.size);
    for (const below of this.#below) if (below !== 0) isCovered[below - 1] = 1;
    for (let number = 0; number < this.size; number += 1) if (isCovered[number] === 0) yield number;
  }

  #add(layer: number, isWanted: (entry: LayerEntry) => boolean): void {
    let number = this.#firsts[layer]!;
    for (const entry of this.#layers[layer]!) {
      if (isWanted(entry)) {
        this.#layerOf[number] = layer;
        this.#below[number] = (this.#tops.set(entry.path, number) ?? -1) + 1;
      }
      number += 1;
    }
  }
}
