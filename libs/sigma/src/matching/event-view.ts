import type { SigmaEvent } from '../event.js';
import { textsOf } from './values.js';

/** A field of the event at hand. */
export interface FieldView {
  isPresent: boolean;
  isNull: boolean;
  /** Of a list, each element's. */
  raw: readonly string[];
  lower: readonly string[];
}

const missing: FieldView = { isPresent: false, isNull: true, raw: [], lower: [] };

/** The fields of one event, each asked for when the first test looks at it. */
export class EventView {
  readonly #fields = new Map<string, FieldView>();
  #scalars: FieldView | undefined;

  constructor(private readonly event: SigmaEvent) {}

  /** Null is every scalar of the event. */
  field(name: string | null): FieldView {
    if (name === null) return (this.#scalars ??= viewOf([...this.event.scalars()]));
    let view = this.#fields.get(name);
    if (!view) {
      view = viewOf(this.event.field(name));
      this.#fields.set(name, view);
    }
    return view;
  }
}

function viewOf(value: unknown): FieldView {
  if (value === undefined) return missing;
  const raw = textsOf(value);
  return { isPresent: true, isNull: value === null, raw, lower: raw.map((text) => text.toLowerCase()) };
}
