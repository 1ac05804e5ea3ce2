import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, compareText, endOfRun, isDigit } from './runs.js';

interface Evr {
  epoch: string;
  version: string;
  release: string | undefined;
}

const evrPattern = /^(?:([0-9]*):)?(.*)$/s;

/**
 * Orders two versions of RPM packages, `[epoch:]version[-release]`, as rpm does. No epoch is epoch
 * 0; no release comes before any.
 * @throws InvalidInput `UNPARSABLE_VERSION` only without a version: rpm orders any text.
 * @see https://rpm-software-management.github.io/rpm/man/rpm-version.7
 */
export function compareRpm(a: string, b: string): number {
  const left = parseEvr(a);
  const right = parseEvr(b);
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareParts(left.version, right.version) ||
    compareReleases(left.release, right.release)
  );
}

function parseEvr(evr: string): Evr {
  const [, epoch = '', rest = ''] = evrPattern.exec(evr) ?? [];
  const hyphen = rest.lastIndexOf('-');
  const version = hyphen === -1 ? rest : rest.slice(0, hyphen);
  if (version === '') throw new InvalidInput('UNPARSABLE_VERSION', 'not a version of an RPM package');
  return { epoch, version, release: hyphen === -1 ? undefined : rest.slice(hyphen + 1) };
}

function compareReleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return compareParts(a, b);
}

/**
 * Compares runs of digits or letters. Other characters only separate, except for `~` (lower than
 * the end) and `^` (higher).
 */
function compareParts(a: string, b: string): number {
  let i = endOfRun(a, 0, isSeparator);
  let j = endOfRun(b, 0, isSeparator);
  while (i < a.length || j < b.length) {
    const kind = rank(a[i]);
    if (kind !== rank(b[j])) return Math.sign(kind - rank(b[j]));

    const isRun = kind === ranks.letters || kind === ranks.digits;
    const belongs = kind === ranks.digits ? isDigit : isLetter;
    const endA = isRun ? endOfRun(a, i, belongs) : i + 1;
    const endB = isRun ? endOfRun(b, j, belongs) : j + 1;
    const compare = kind === ranks.digits ? compareDigits : compareText;
    const order = compare(a.slice(i, endA), b.slice(j, endB));
    if (order !== 0) return order;

    i = endOfRun(a, endA, isSeparator);
    j = endOfRun(b, endB, isSeparator);
  }
  return 0;
}

/** Ranks of the following tokens, lowest first. */
const ranks = { tilde: 0, end: 1, caret: 2, letters: 3, digits: 4 } as const;

function rank(character: string | undefined): number {
  if (character === undefined) return ranks.end;
  if (character === '~') return ranks.tilde;
  if (character === '^') return ranks.caret;
  return isDigit(character) ? ranks.digits : ranks.letters;
}

function isLetter(character: string | undefined): boolean {
  if (character === undefined) return false;
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

function isSeparator(character: string | undefined): boolean {
  return character !== undefined && !isDigit(character) && !isLetter(character) && !['~', '^'].includes(character);
}
