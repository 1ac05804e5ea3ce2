import type { SigmaEvent } from '../event.js';
import { textsOf } from './values.js';

const unread = 0;
const isMissing = 1;
const isNull = 2;
const hasTexts = 3;

/** The fields of one event after the other, by number. A field is asked for when the first question is about it. */
export class EventView {
  readonly #state: Uint8Array;
  readonly #values: unknown[];
  readonly #raw: (readonly string[] | undefined)[];
  readonly #lower: (readonly string[] | undefined)[];
  #event: SigmaEvent | undefined;

  /** @param fields their names; null is every scalar of the event */
  constructor(private readonly fields: readonly (string | null)[]) {
    this.#state = new Uint8Array(fields.length);
    this.#values = fields.map(() => undefined);
    this.#raw = fields.map(() => undefined);
    this.#lower = fields.map(() => undefined);
  }

  look(event: SigmaEvent): void {
    this.#event = event;
    this.#state.fill(unread);
  }

  /** Whether the field is there, null included. */
  isPresent(field: number): boolean {
    return this.#read(field) !== isMissing;
  }

  /** Whether the field is missing or null. */
  isNull(field: number): boolean {
    return this.#read(field) < hasTexts;
  }

  /** What the field says; of a list, each of its elements. */
  raw(field: number): readonly string[] {
    return this.#read(field) === hasTexts ? (this.#raw[field] ??= textsOf(this.#values[field])) : noTexts;
  }

  /** The same in lower case. */
  lower(field: number): readonly string[] {
    if (this.#read(field) !== hasTexts) return noTexts;
    return (this.#lower[field] ??= this.raw(field).map((text) => text.toLowerCase()));
  }

  #read(field: number): number {
    const state = this.#state[field]!;
    return state === unread ? (this.#state[field] = this.#load(field, this.fields[field]!)) : state;
  }

  #load(field: number, name: string | null): number {
    const value = name === null ? [...this.#event!.scalars()] : this.#event!.field(name);
    if (value === undefined) return isMissing;
    if (value === null) return isNull;
    this.#values[field] = value;
    this.#raw[field] = undefined;
    this.#lower[field] = undefined;
    return hasTexts;
  }
}

const noTexts: readonly string[] = [];
