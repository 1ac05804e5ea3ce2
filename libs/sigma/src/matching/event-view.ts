import type { SigmaEvent } from '../event.js';
import { textsOf } from './values.js';

const unread = 0;
const isMissing = 1;
const isNull = 2;
const hasTexts = 3;

/** The fields of one event after the other, by number. A field is asked for when the first question is about it. */
export class EventView {
  readonly #state: Uint8Array;
  readonly #raw: (readonly string[])[];
  readonly #lower: (readonly string[])[];
  #event: SigmaEvent | undefined;

  /** @param fields their names; null is every scalar of the event */
  constructor(private readonly fields: readonly (string | null)[]) {
    this.#state = new Uint8Array(fields.length);
    this.#raw = fields.map(() => noTexts);
    this.#lower = fields.map(() => noTexts);
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
    return this.#read(field) === hasTexts ? this.#raw[field]! : noTexts;
  }

  /** The same in lower case. */
  lower(field: number): readonly string[] {
    return this.#read(field) === hasTexts ? this.#lower[field]! : noTexts;
  }

  #read(field: number): number {
    if (this.#state[field] === unread) this.#state[field] = this.#load(field, this.fields[field]!);
    return this.#state[field]!;
  }

  #load(field: number, name: string | null): number {
    const value = name === null ? [...this.#event!.scalars()] : this.#event!.field(name);
    if (value === undefined) return isMissing;
    if (value === null) return isNull;
    const raw = textsOf(value);
    this.#raw[field] = raw;
    this.#lower[field] = raw.length === 1 ? [raw[0]!.toLowerCase()] : raw.map((text) => text.toLowerCase());
    return hasTexts;
  }
}

const noTexts: readonly string[] = [];
