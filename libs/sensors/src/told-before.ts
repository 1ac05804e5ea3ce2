/** More than the nodes of a few partitions run at a time. When it is full it begins anew: an order of use would cost more than it brings. */
const maxKnown = 8_192;
/** What is longer seldom comes twice, and is much to remember. */
const maxChars = 2_048;

/**
 * What was made of words before, by the most telling of them. Nodes tell the same of a container, a parent, an executable with every event: what is made
 * of equal words is one object, which is neither made again, nor moved about by the garbage collector while its event waits. It changes no answer.
 */
export class ToldBefore<Made> {
  readonly #known = new Map<string, Made>();

  get(key: string): Made | undefined {
    return this.#known.get(key);
  }

  /** @param chars how long all the words are together */
  set(key: string, made: Made, chars: number): void {
    if (key.length + chars > maxChars) return;
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, made);
  }
}

const texts = new ToldBefore<string>();

/** The same text, as the object that it was when it came first. */
export function sameText(text: string | null): string | null {
  if (text === null || text.length > maxChars) return text;
  const known = texts.get(text);
  if (known === undefined) texts.set(text, text, 0);
  return known ?? text;
}
