import type { Cursor } from './store.js';

/** Pause of a client after which its connection is free for others. */
const pauseMs = 250;
/** Age of a transaction after which another reader has its turn, and PostgreSQL may vacuum. */
const maxAgeMs = 5_000;

/**
 * Reads all rows of a query with one cursor, as long as its client takes them. A client that pauses
 * must not hold a connection: its cursor is closed, and another is opened after the last row.
 */
export class ResumableCursor<Row> {
  #cursor: Cursor<Row> | null = null;
  #openedAt = 0;
  #last: Row | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closing: Promise<void> = Promise.resolve();

  constructor(
    private readonly open: (last: Row | undefined) => Promise<Cursor<Row>>,
    private readonly permits: Permits,
  ) {}

  /** Takes the next rows, and returns how many there were: fewer than `count` at the end. */
  async next(count: number, take: (row: Row) => void): Promise<number> {
    clearTimeout(this.#pause);
    try {
      const cursor = await this.#opened();
      const rows = await cursor.fetch(count, (row) => {
        take(row);
        this.#last = row;
      });
      if (rows < count || performance.now() - this.#openedAt > maxAgeMs) await this.close();
      else this.#pause = setTimeout(() => void this.close(), pauseMs);
      return rows;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Frees the connection. */
  async close(): Promise<void> {
    clearTimeout(this.#pause);
    const cursor = this.#cursor;
    if (cursor) {
      this.#cursor = null;
      this.#closing = cursor.close().finally(() => this.permits.give());
    }
    await this.#closing;
  }

  async #opened(): Promise<Cursor<Row>> {
    if (this.#cursor) return this.#cursor;
    await this.#closing;
    await this.permits.take();
    try {
      this.#cursor = await this.open(this.#last);
    } catch (error) {
      this.permits.give();
      throw error;
    }
    this.#openedAt = performance.now();
    return this.#cursor;
  }
}

/** Permits of which only some are given at a time, in the order of their requests. */
export class Permits {
  readonly #waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async take(): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((given) => this.#waiting.push(given));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}
