import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, compareNumbers, compareText } from './runs.js';

export interface Pep440Version {
  epoch: string;
  release: string[];
  /** Stage before the release, `a`, `b` or `rc`, and its number. */
  pre: { stage: PreStage; number: string } | null;
  /** Digits, or null without one; so is `dev`. */
  post: string | null;
  dev: string | null;
  local: string[];
}

type PreStage = keyof typeof stages;

const stages = { a: 0, b: 1, rc: 2 } as const;

/** Spellings of the stages. */
const stageNames: ReadonlyMap<string, PreStage> = new Map([
  ['a', 'a'],
  ['alpha', 'a'],
  ['b', 'b'],
  ['beta', 'b'],
  ['c', 'rc'],
  ['rc', 'rc'],
  ['pre', 'rc'],
  ['preview', 'rc'],
]);

const versionPattern = new RegExp(
  [
    /^v?(?:(?<epoch>[0-9]+)!)?(?<release>[0-9]+(?:\.[0-9]+)*)/,
    /(?:[._-]?(?<stage>alpha|a|beta|b|preview|pre|c|rc)[._-]?(?<stageNumber>[0-9]*))?/,
    /(?:-(?<implicitPost>[0-9]+)|[._-]?(?<post>post|rev|r)[._-]?(?<postNumber>[0-9]*))?/,
    /(?:[._-]?(?<dev>dev)[._-]?(?<devNumber>[0-9]*))?/,
    /(?:\+(?<local>[a-z0-9]+(?:[._-][a-z0-9]+)*))?$/,
  ]
    .map(({ source }) => source)
    .join(''),
);

/**
 * Orders two versions of Python packages.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see
 * https://packaging.python.org/specifications/version-specifiers/#summary-of-permitted-suffixes-and-relative-ordering
 */
export function comparePep440(a: string, b: string): number {
  return comparePep440Versions(parsePep440(a), parsePep440(b));
}

/** @throws InvalidInput `UNPARSABLE_VERSION` */
export function parsePep440(version: string): Pep440Version {
  const parts = versionPattern.exec(version.trim().toLowerCase())?.groups;
  if (parts?.release === undefined) throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that PEP 440 knows');

  const stage = stageNames.get(parts.stage ?? '');
  return {
    epoch: parts.epoch ?? '0',
    release: parts.release.split('.'),
    pre: stage === undefined ? null : { stage, number: parts.stageNumber ?? '' },
    post: parts.implicitPost ?? numberAfter(parts.post, parts.postNumber),
    dev: numberAfter(parts.dev, parts.devNumber),
    local: parts.local?.split(/[._-]/) ?? [],
  };
}

/** `1.0.post` is `1.0.post0`. */
function numberAfter(word: string | undefined, digits: string | undefined): string | null {
  return word === undefined ? null : (digits ?? '');
}

export function comparePep440Versions(a: Pep440Version, b: Pep440Version): number {
  return (
    compareDigits(a.epoch, b.epoch) ||
    compareNumbers(a.release, b.release) ||
    Math.sign(stageRank(a) - stageRank(b)) ||
    compareDigits(a.pre?.number ?? '', b.pre?.number ?? '') ||
    comparePosts(a.post, b.post) ||
    compareDevs(a.dev, b.dev) ||
    compareLocals(a.local, b.local)
  );
}

/** Only `dev`, then `a`, `b` and `rc`, then the release and what comes after it. */
function stageRank({ pre, post, dev }: Pep440Version): number {
  if (pre !== null) return stages[pre.stage];
  return post === null && dev !== null ? -1 : stages.rc + 1;
}

/** Versions without one come first. */
function comparePosts(a: string | null, b: string | null): number {
  return Number(a !== null) - Number(b !== null) || compareDigits(a ?? '', b ?? '');
}

/** Versions without one come last. */
function compareDevs(a: string | null, b: string | null): number {
  return Number(a === null) - Number(b === null) || compareDigits(a ?? '', b ?? '');
}

/** Compares segment by segment: words, before numbers; then the longer list is higher. */
function compareLocals(a: readonly string[], b: readonly string[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right === undefined) return 1;
    const isNumber = digitsPattern.test(left);
    if (isNumber !== digitsPattern.test(right)) return isNumber ? 1 : -1;
    const order = isNumber ? compareDigits(left, right) : compareText(left, right);
    if (order !== 0) return order;
  }
  return a.length < b.length ? -1 : 0;
}

const digitsPattern = /^[0-9]+$/;
