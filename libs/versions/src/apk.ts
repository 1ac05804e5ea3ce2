import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, compareText, endOfRun, isDigit } from './runs.js';

/**
 * Ranks of the tokens of a version, lowest first: `1.2_rc` < `1.2` < `1.2-r0` < `1.2~ab12` <
 * `1.2_p` < `1.2b` < `1.2.0`.
 */
const rank = {
  preRelease: 0,
  end: 1,
  revision: 2,
  commit: 3,
  suffixNumber: 4,
  postRelease: 5,
  letter: 6,
  number: 7,
} as const;

interface Token {
  rank: (typeof rank)[keyof typeof rank];
  /** Digits, the letter, the commit, or the position of a suffix in its list. */
  value: string;
  /** Start of the next token. */
  end: number;
}

const preReleases = ['alpha', 'beta', 'pre', 'rc'];
const postReleases = ['cvs', 'svn', 'git', 'hg', 'p'];

/**
 * Orders two versions of Alpine packages as apk-tools 3 does.
 *
 * Tokens are read only until they differ, as in apk: `1.0` < `1.0bc` has a result although `1.0bc`
 * is no valid version.
 * @throws InvalidInput `UNPARSABLE_VERSION` when no difference precedes a part that apk cannot
 * read.
 * @see https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd
 */
export function compareApk(a: string, b: string): number {
  let left = digitsToken(a, 0, rank.number);
  let right = digitsToken(b, 0, rank.number);
  let order = compareDigits(left.value, right.value);
  while (order === 0 && left.rank !== rank.end) {
    left = nextToken(a, left);
    right = nextToken(b, right);
    order = compareTokens(left, right);
  }
  return order;
}

function compareTokens(a: Token, b: Token): number {
  if (a.rank !== b.rank) return a.rank < b.rank ? -1 : 1;
  switch (a.rank) {
    case rank.number: {
      // A leading zero makes the number a fraction, 1.05 < 1.1: Gentoo's rule, which apk took over.
      const isFraction = a.value.startsWith('0') || b.value.startsWith('0');
      return isFraction ? compareText(a.value, b.value) : compareDigits(a.value, b.value);
    }
    case rank.suffixNumber:
    case rank.revision:
      return compareDigits(a.value, b.value);
    default:
      return compareText(a.value, b.value);
  }
}

/** number {. number} [letter] {_suffix [number]} [~commit] [-r number], in this order. */
function nextToken(version: string, { rank: previous, end: start }: Token): Token {
  const character = version[start];
  if (character === undefined) return { rank: rank.end, value: '', end: start };

  const isInNumbers = previous === rank.number;
  if (character === '.' && isInNumbers) return digitsToken(version, start + 1, rank.number);
  if (isLowerCase(character) && isInNumbers) return { rank: rank.letter, value: character, end: start + 1 };

  const isSuffix = previous === rank.preRelease || previous === rank.postRelease;
  if (isDigit(character) && isSuffix) return digitsToken(version, start, rank.suffixNumber);

  const isBeforeCommit = previous !== rank.commit && previous !== rank.revision;
  if (character === '_' && isBeforeCommit) return suffixToken(version, start + 1);
  if (character === '~' && isBeforeCommit) return commitToken(version, start + 1);

  if (version.startsWith('-r', start) && previous !== rank.revision)
    return digitsToken(version, start + 2, rank.revision);
  throw unparsable();
}

function digitsToken(version: string, start: number, kind: Token['rank']): Token {
  const end = endOfRun(version, start, isDigit);
  if (end === start) throw unparsable();
  return { rank: kind, value: version.slice(start, end), end };
}

function suffixToken(version: string, start: number): Token {
  const end = endOfRun(version, start, isLowerCase);
  const word = version.slice(start, end);
  if (preReleases.includes(word)) return { rank: rank.preRelease, value: String(preReleases.indexOf(word)), end };
  if (postReleases.includes(word)) return { rank: rank.postRelease, value: String(postReleases.indexOf(word)), end };
  throw unparsable();
}

function commitToken(version: string, start: number): Token {
  const end = endOfRun(version, start, isHexDigit);
  if (end === start) throw unparsable();
  return { rank: rank.commit, value: version.slice(start, end), end };
}

function isLowerCase(character: string | undefined): boolean {
  return character !== undefined && character >= 'a' && character <= 'z';
}

function isHexDigit(character: string | undefined): boolean {
  return isDigit(character) || (character !== undefined && character >= 'a' && character <= 'f');
}

function unparsable(): InvalidInput {
  return new InvalidInput('UNPARSABLE_VERSION', 'not a version that apk accepts');
}
