interface Call<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * What is asked or noted at the same moment in one transaction, as by events that are handled together: it shares a statement. What
 * comes alone waits for nobody.
 */
export class Gathered<Tx extends object, Item, Result> {
  readonly #calls = new WeakMap<Tx, Call<Item, Result>[]>();

  constructor(
    /** One statement for all of them; answers their results in the same order. */
    private readonly run: (tx: Tx, items: readonly Item[]) => Promise<readonly Result[]>,
  ) {}

  async add(tx: Tx, item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const call = { item, resolve, reject };
    const calls = this.#calls.get(tx);
    if (calls) calls.push(call);
    else {
      this.#calls.set(tx, [call]);
      // After everything that goes on at this moment: events that were answered together ask together.
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
