/** Uses of a statement, since the connection began anew, before it gets a name. */
const usesBefore = 3;
/** Limit on the names of one connection, each of which is a plan in the memory of the server. */
const maxNames = 150;
/** Limit on the texts whose uses are counted. */
const maxTexts = 2_000;
/**
 * Age of the names of a connection after which it begins anew, first and at most; each is twice the
 * one before. A plan is made for the tables as they are then: one for a table that was empty would
 * stay until the table is analyzed. Planning all anew takes half of the server's time where a
 * statement comes a few times a minute.
 */
const firstLifeMs = 60_000;
const longestLifeMs = 16 * firstLifeMs;

/**
 * Codes of a statement that cannot be used any more, or that a pooler prepared in another session.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const lostCodes = new Set(['26000', '42P05']);

/** Whether a statement failed only because it was prepared before: it succeeds without its name. */
export function isStaleStatement(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (typeof code !== 'string') return false;
  return lostCodes.has(code) || (code === '0A000' && message.includes('cached plan must not change result type'));
}

/**
 * Names of the prepared statements of one connection. Frequent texts get one, so that the server
 * parses and plans them once; texts that are put together from conditions are mostly used once.
 */
export class PreparedStatements {
  readonly #uses = new Map<string, number>();
  readonly #names = new Map<string, string>();
  #begunAt: number;
  #lifeMs = firstLifeMs;
  /** Whether a frequent statement got no name. */
  #isFull = false;
  #isExpired = false;
  #serial = 0;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#begunAt = now();
  }

  /** Whether the connection should drop its statements, and {@link clear}. */
  get isOld(): boolean {
    const lifeMs = this.#isFull ? firstLifeMs : this.#lifeMs;
    return this.#isExpired || (this.#names.size > 0 && this.now() - this.#begunAt > lifeMs);
  }

  /** Gives no names until the connection has dropped its statements, of which one failed. */
  expire(): void {
    this.#isExpired = true;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Name for a statement that is about to run; undefined if it gets none. */
  nameOf(text: string): string | undefined {
    if (this.#isExpired) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < usesBefore) {
      this.#uses.delete(text);
      this.#uses.set(text, uses);
      // The one that was used longest ago.
      if (this.#uses.size > maxTexts) this.#uses.delete(this.#uses.keys().next().value!);
      return undefined;
    }
    this.#isFull = this.#names.size >= maxNames;
    if (this.#isFull) return undefined;
    this.#uses.delete(text);
    // Never a name that was used before: the server may still know it.
    const name = `tidewaiter_${(this.#serial += 1)}`;
    this.#names.set(text, name);
    return name;
  }

  /** Forgets all names. */
  clear(): void {
    this.#lifeMs = this.#isExpired ? firstLifeMs : Math.min(2 * this.#lifeMs, longestLifeMs);
    this.#uses.clear();
    this.#names.clear();
    this.#isExpired = false;
    this.#isFull = false;
    this.#begunAt = this.now();
  }
}
