interface Call<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Batcher of queries and writes that one transaction makes at the same moment, as by events that
 * are handled together: they share a statement. A single call waits only until the end of the
 * current turn of the event loop.
 */
export class TransactionBatcher<Tx extends object, Item, Result> {
  readonly #calls = new WeakMap<Tx, Call<Item, Result>[]>();

  constructor(
    /** Runs one statement for all items; returns their results in the same order. */
    private readonly run: (tx: Tx, items: readonly Item[]) => Promise<readonly Result[]>,
  ) {}

  async add(tx: Tx, item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const call = { item, resolve, reject };
    const calls = this.#calls.get(tx);
    if (calls) calls.push(call);
    else {
      this.#calls.set(tx, [call]);
      // setImmediate lets pending promises run first, so that events resumed together share the
      // next statement.
      setImmediate(() => void this.#answer(tx));
    }
    return promise;
  }

  async #answer(tx: Tx): Promise<void> {
    const calls = this.#calls.get(tx) ?? [];
    this.#calls.delete(tx);
    try {
      const results = await this.run(
        tx,
        calls.map(({ item }) => item),
      );
      for (const [index, { resolve }] of calls.entries()) resolve(results[index]!);
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}
