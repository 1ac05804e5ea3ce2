/** Allocator of table rows. */
export class Slots {
  #end = 0;
  readonly #free: number[] = [];

  /** Upper bound of all slots. */
  get end(): number {
    return this.#end;
  }

  /** Number of slots in use. */
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

/** Initial capacity of every table. */
export const firstCapacity = 64;

/**
 * Returns a copy of the column with more capacity; all columns of a table grow together. The
 * operating system allocates a page only when it is written to, so that unused capacity costs
 * nothing, and growing in few steps leaves little fragmentation.
 */
export function grown<Column extends Float64Array | Int32Array>(column: Column): Column {
  const longer = new (column.constructor as new (length: number) => Column)(column.length * 8);
  longer.set(column);
  return longer;
}
