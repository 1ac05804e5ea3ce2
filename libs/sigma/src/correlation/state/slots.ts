/** Hands out places in a table and takes them back. */
export class Slots {
  #end = 0;
  readonly #free: number[] = [];

  /** All places are below it. */
  get end(): number {
    return this.#end;
  }

  /** How many are in use. */
  get live(): number {
    return this.#end - this.#free.length;
  }

  take(): number {
    const slot = this.#free.pop() ?? this.#end;
    if (slot === this.#end) this.#end += 1;
    return slot;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }
}

/** Of every table at first. */
export const firstCapacity = 64;

/**
 * The column with more room behind it; all columns of a table grow together. The system gives a page only when it is written to,
 * so that room costs nothing, and few steps leave few holes behind.
 */
export function grown<Column extends Float64Array | Int32Array>(column: Column): Column {
  const longer = new (column.constructor as new (length: number) => Column)(column.length * 8);
  longer.set(column);
  return longer;
}
