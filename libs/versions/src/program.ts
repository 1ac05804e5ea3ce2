import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits } from './runs.js';

/**
 * Ranks of words: negative ones precede the release, positive ones follow it, and `0` does not
 * change the order.
 */
const words: ReadonlyMap<string, number> = new Map([
  ...(['dev', 'devel', 'snapshot', 'nightly', 'canary'] as const).map((word) => [word, -9] as const),
  ['test', -8],
  ['alpha', -7],
  ['beta', -6],
  ...(['milestone', 'ea'] as const).map((word) => [word, -5] as const),
  ...(['pre', 'preview'] as const).map((word) => [word, -4] as const),
  ...(['rc', 'cr', 'candidate', 'gamma'] as const).map((word) => [word, -3] as const),
  ...(['final', 'ga', 'release', 'stable', 'lts', 'fips'] as const).map((word) => [word, 0] as const),
  ...(['patch', 'pl', 'sp', 'post', 'hotfix', 'update'] as const).map((word) => [word, 100] as const),
]);

/** Ranks of letters with a number behind them: `3.13.0a1`, `7.2p2`, `8u312`. */
const numberedLetters: ReadonlyMap<string, number> = new Map([
  ['a', -7],
  ['b', -6],
  ['m', -5],
  ['c', -3],
  ['p', 100],
  ['u', 100],
]);

/** Run of digits, or word. */
type Run = { digits: string } | { word: string; rank: number | undefined };

/**
 * Orders two versions of programs as their projects write them: runs of digits by value, a missing
 * one is zero; `rc`, `beta` and their like precede the release; a letter (`1.1.1k`), a patch
 * (`7.2p2`) and an update (`8u312`) follow it. What follows a `+` is build metadata.
 * @throws InvalidInput `UNPARSABLE_VERSION` if the order depends on an unknown word
 */
export function compareProgram(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = compareRun(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function parse(version: string): Run[] {
  const text = version.trim().toLowerCase();
  if (!/^[\d\sa-z._~:+-]*$/.test(text)) throw unparsable();
  const parts = (text.split('+', 1)[0] ?? '').replace(/^v(?=\d)/, '').match(/\d+|[a-z]+/g) ?? [];
  const runs = parts.map((part, at) => runOf(part, parts[at + 1]));
  // A neutral word may stand before the number: RELEASE.2023-03-20.
  const known = runs.filter((run) => !('word' in run && run.rank === 0));
  if (known[0] === undefined || 'word' in known[0]) throw unparsable();
  return withoutZeros(known);
}

function runOf(part: string, next: string | undefined): Run {
  if (/^\d/.test(part)) return { digits: part };
  const isNumbered = next !== undefined && /^\d/.test(next);
  return { word: part, rank: words.get(part) ?? (isNumbered ? numberedLetters.get(part) : undefined) ?? letter(part) };
}

/** Rank of `a` to `z`, and of `za` to `zz`, with which OpenSSL goes on. */
function letter(word: string): number | undefined {
  const isContinued = word.length === 2 && word.startsWith('z');
  if (word.length !== 1 && !isContinued) return undefined;
  return (isContinued ? 26 : 0) + word.charCodeAt(word.length - 1) - 'a'.charCodeAt(0) + 1;
}

/** Drops the zeros that end a row of numbers: `1.0.0-rc1` is `1-rc1`. */
function withoutZeros(runs: readonly Run[]): Run[] {
  const kept: Run[] = [];
  let isFilled = false;
  for (const run of runs.toReversed()) {
    isFilled = 'word' in run ? false : isFilled || /[1-9]/.test(run.digits);
    if ('word' in run || isFilled) kept.push(run);
  }
  return kept.toReversed();
}

/** Order of kinds: words before the release, the end of the version, words after it, numbers. */
function compareRun(a: Run | undefined, b: Run | undefined): number {
  if (a !== undefined && b !== undefined) {
    if ('digits' in a && 'digits' in b) return compareDigits(a.digits, b.digits);
    if ('word' in a && 'word' in b && a.word === b.word) return 0;
  }
  return Math.sign(rankOf(a) - rankOf(b));
}

function rankOf(run: Run | undefined): number {
  if (run === undefined) return 0;
  if ('digits' in run) return 1_000;
  if (run.rank === undefined) throw unparsable();
  return run.rank;
}

function unparsable(): InvalidInput {
  return new InvalidInput('UNPARSABLE_VERSION', 'not a version of a program');
}
