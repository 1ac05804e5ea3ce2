import { HashIndex, mixed } from './hash-index.js';
import { firstCapacity, grown, Slots } from './slots.js';
import { TextArena } from './text-arena.js';

/**
 * Reference-counted interned texts. Groups of many correlations share keys: each text is stored
 * once.
 */
export class Texts {
  readonly #slots = new Slots();
  readonly #arena = new TextArena();
  readonly #index = new HashIndex((number) => this.#hashes[number]!);
  #hashes = new Int32Array(firstCapacity);
  #places = new Int32Array(firstCapacity);
  #holders = new Int32Array(firstCapacity);
  /** Random seed, so that an attacker who chooses the texts cannot choose their hashes. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** Upper bound of all indexes. */
  get end(): number {
    return this.#slots.end;
  }

  /** Returns the index of a text; -1 when it is not stored. */
  find(text: string): number {
    return this.#find(text, this.#hash(text));
  }

  textOf(number: number): string {
    return this.#arena.textOf(this.#places[number]!);
  }

  /** Returns the index of a text, with one more reference. */
  hold(text: string): number {
    const hash = this.#hash(text);
    let number = this.#find(text, hash);
    if (number === -1) number = this.#add(text, hash);
    this.#holders[number]! += 1;
    return number;
  }

  release(number: number): void {
    this.#holders[number]! -= 1;
    if (this.#holders[number] !== 0) return;
    this.#index.delete(number);
    this.#arena.remove(this.#places[number]!);
    this.#slots.give(number);
  }

  #find(text: string, hash: number): number {
    for (let slot = this.#index.home(hash); ; slot = this.#index.next(slot)) {
      const number = this.#index.rowAt(slot);
      if (number === -1) return -1;
      if (this.#hashes[number] === hash && this.#arena.is(this.#places[number]!, text)) return number;
    }
  }

  #add(text: string, hash: number): number {
    const number = this.#slots.take();
    if (number === this.#holders.length) this.#grow();
    this.#hashes[number] = hash;
    this.#places[number] = this.#arena.add(text);
    this.#index.add(number);
    return number;
  }

  #hash(text: string): number {
    let hash = this.#seed;
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return mixed(hash);
  }

  #grow(): void {
    this.#hashes = grown(this.#hashes);
    this.#places = grown(this.#places);
    this.#holders = grown(this.#holders);
  }
}
