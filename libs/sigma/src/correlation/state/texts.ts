import { ownCopy } from '../scalar.js';
import { firstCapacity, grown, Slots } from './slots.js';

/** Texts as numbers. Groups of many correlations have the same keys: each text is kept once, as long as somebody holds it. */
export class Texts {
  readonly #slots = new Slots();
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #holders = new Int32Array(firstCapacity);

  /** -1 when nobody holds the text. */
  find(text: string): number {
    return this.#numbers.get(text) ?? -1;
  }

  textOf(number: number): string {
    return this.#texts[number]!;
  }

  /** The text's number, held once more. */
  hold(text: string): number {
    let number = this.find(text);
    if (number === -1) number = this.#add(ownCopy(text));
    this.#holders[number]! += 1;
    return number;
  }

  release(number: number): void {
    this.#holders[number]! -= 1;
    if (this.#holders[number] !== 0) return;
    this.#numbers.delete(this.#texts[number]!);
    this.#texts[number] = '';
    this.#slots.give(number);
  }

  #add(text: string): number {
    const number = this.#slots.take();
    if (number === this.#holders.length) this.#holders = grown(this.#holders);
    this.#texts[number] = text;
    this.#numbers.set(text, number);
    return number;
  }
}
