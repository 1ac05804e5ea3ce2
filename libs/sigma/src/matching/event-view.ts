import type { SigmaEvent } from '../event.js';
import { textsOf } from './values.js';

const unread = 0;
const isMissing = 1;
const isNull = 2;
const hasTexts = 3;

/** Fields of the current event, by number. A field is read on its first use. */
export class EventView {
  readonly #state: Uint8Array;
  readonly #values: unknown[];
  readonly #raw: (readonly string[] | undefined)[];
  readonly #lower: (readonly string[] | undefined)[];
  /** By field a reusable list for the single text that most fields have. */
  readonly #oneRaw: string[][];
  readonly #oneLower: string[][];
  #event: SigmaEvent | undefined;

  /** @param fields names of the fields; null stands for all scalars of the event */
  constructor(private readonly fields: readonly (string | null)[]) {
    this.#state = new Uint8Array(fields.length);
    this.#values = fields.map(() => undefined);
    this.#raw = fields.map(() => undefined);
    this.#lower = fields.map(() => undefined);
    this.#oneRaw = fields.map(() => ['']);
    this.#oneLower = fields.map(() => ['']);
  }

  look(event: SigmaEvent): void {
    this.#event = event;
    this.#state.fill(unread);
  }

  /** Whether the field is present, null included. */
  isPresent(field: number): boolean {
    return this.#read(field) !== isMissing;
  }

  /** Whether the field is missing or null. */
  isNull(field: number): boolean {
    return this.#read(field) < hasTexts;
  }

  /** Returns the texts of a field; for a list, those of its elements. */
  raw(field: number): readonly string[] {
    if (this.#read(field) !== hasTexts) return noTexts;
    return (this.#raw[field] ??= this.#textsOf(field));
  }

  /** Returns the texts of a field in lower case. */
  lower(field: number): readonly string[] {
    if (this.#read(field) !== hasTexts) return noTexts;
    return (this.#lower[field] ??= this.#lowerOf(field));
  }

  #textsOf(field: number): readonly string[] {
    const value = this.#values[field];
    return typeof value === 'string' ? only(value, this.#oneRaw[field]!) : textsOf(value);
  }

  #lowerOf(field: number): readonly string[] {
    const value = this.#values[field];
    if (typeof value === 'string') return only(value.toLowerCase(), this.#oneLower[field]!);
    return this.raw(field).map((text) => text.toLowerCase());
  }

  #read(field: number): number {
    const state = this.#state[field]!;
    return state === unread ? (this.#state[field] = this.#load(field, this.fields[field]!)) : state;
  }

  #load(field: number, name: string | null): number {
    const value = name === null ? scalarsOf(this.#event!) : this.#event!.field(name);
    if (value === undefined) return isMissing;
    if (value === null) return isNull;
    this.#values[field] = value;
    this.#raw[field] = undefined;
    this.#lower[field] = undefined;
    return hasTexts;
  }
}

const noTexts: readonly string[] = [];

function scalarsOf(event: SigmaEvent): readonly unknown[] {
  const scalars = event.scalars();
  return Array.isArray(scalars) ? scalars : [...scalars];
}

function only(text: string, list: string[]): readonly string[] {
  list[0] = text;
  return list;
}
