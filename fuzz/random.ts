/** Chance that can be repeated. */
export interface Random {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** True in one of so many cases. */
  oneIn(cases: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
}

/**
 * The same numbers give the same chance.
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md "SplitMix32"
 */
export function randomOf(seed: number, turn: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(turn + 1, 0x85ebca6b)) | 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const below = (limit: number): number => (limit < 1 ? 0 : Math.floor((next() / 2 ** 32) * limit));
  return { below, oneIn: (cases) => below(cases) === 0, pick: (values) => values[below(values.length)]! };
}
