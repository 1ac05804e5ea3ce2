/**
 * Limit on the entries: more than the nodes of a few partitions need at a time. A full cache is
 * cleared: LRU order would cost more than it saves.
 */
const maxKnown = 8_192;
/** Limit on the input of a cached value: longer input seldom repeats and takes much memory. */
const maxChars = 2_048;

/**
 * Cache of derived values, keyed by the most specific part of their input. Nodes repeat the same
 * container, parent and executable with every event: equal input yields one object, which is
 * neither made again, nor moved about by the garbage collector while its event waits. The cache
 * never changes a result.
 */
export class InternCache<Made> {
  readonly #known = new Map<string, Made>();

  get(key: string): Made | undefined {
    return this.#known.get(key);
  }

  /** @param chars total length of the input */
  set(key: string, made: Made, chars: number): void {
    if (key.length + chars > maxChars) return;
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, made);
  }
}

const texts = new InternCache<string>();

/** The first object of an equal text. */
export function sameText(text: string | null): string | null {
  if (text === null || text.length > maxChars) return text;
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text, 0);
  return known ?? text;
}
