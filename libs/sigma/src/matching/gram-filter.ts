const gramLength = 4;
const buckets = 65_536;
/** Makes one of a letter in both cases, and of some other pairs, which does no harm. */
const caseBit = 32;
const ascii = 128;

/** Says of most texts quickly, and without changing their case, that none of some literals is in them. */
export class GramFilter {
  /** By the hash of four characters: whether some literal has them. */
  readonly #grams = new Uint8Array(buckets);

  /** @param literals in lower case, each with a {@link gramOf} */
  constructor(literals: readonly string[]) {
    for (const literal of literals) {
      let hash = 0;
      for (const char of gramOf(literal) ?? '') hash = next(hash, char.charCodeAt(0));
      this.#grams[hash] = 1;
    }
  }

  /** False is certain; true is a guess. */
  mightHold(text: string): boolean {
    const grams = this.#grams;
    let hash = 0;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      // Another case may have other bits there.
      if (code >= ascii) return true;
      hash = next(hash, code);
      if (grams[hash] === 1) return true;
    }
    return false;
  }
}

/** What is older than four characters is shifted out. */
function next(hash: number, code: number): number {
  return ((hash << 4) ^ (code | caseBit)) & (buckets - 1);
}

/** The four characters of a literal that are the rarest in paths, command lines and identifiers; undefined for one that has none. */
export function gramOf(literal: string): string | undefined {
  let best: string | undefined;
  for (let start = 0; start + gramLength <= literal.length; start += 1) {
    const gram = literal.slice(start, start + gramLength);
    if (/^[\x20-\x7f]+$/.test(gram) && (best === undefined || rarity(gram) > rarity(best))) best = gram;
  }
  return best;
}

function rarity(gram: string): number {
  let sum = 0;
  for (const char of gram) {
    if (/[^\w./:-]/.test(char)) sum += 3;
    else if (/[bfgjkmpquvwxyz]/.test(char)) sum += 2;
    else if (/[^aeinorst/]/.test(char)) sum += 1;
  }
  return sum;
}
