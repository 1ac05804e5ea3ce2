import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, isDigit } from './runs.js';

export interface ComposerVersion {
  /**
   * Parts that PHP compares: numbers, a stage with numbers of its own, `dev`. `1.0-rc.1` is 1, 0,
   * 0, 0, rc, 1.
   */
  parts: string[];
  /** Name of a branch, which has no place in the order of versions; null for a version. */
  branch: string | null;
}

/**
 * Stage after the numbers, its own numbers, and `dev`: the end of a version, or of a bound in a
 * range.
 */
export const stagePattern = /[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9])*))?([.-]?dev)?/;

const releasePattern = new RegExp(`^v?([0-9]{1,5})(\\.[0-9]+)?(\\.[0-9]+)?(\\.[0-9]+)?${stagePattern.source}$`);
const datePattern = new RegExp(`^v?([0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3}){0,2})${stagePattern.source}$`);
const developmentLinePattern = /^v?([0-9]+)(?:\.([0-9]+|[x*]))?(?:\.([0-9]+|[x*]))?(?:\.([0-9]+|[x*]))?[.-]?dev$/;
const aliasPattern = /^([^,\s]+) +as +[^,\s]+$/;
const stabilityFlagPattern = /@(?:stable|rc|beta|alpha|dev)$/;
const buildPattern = /^([^,\s+]+)\+\S+$/;

/** Number that Composer uses for `x` in `1.x-dev`: higher than any release of that line. */
const highest = '9999999';

const stageNames: ReadonlyMap<string, string> = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['pl', 'patch'],
  ['p', 'patch'],
]);

/**
 * Orders two versions of PHP packages as Composer normalizes them and PHP's `version_compare` then
 * orders them.
 * @throws InvalidInput `UNPARSABLE_VERSION`, also for two different branches: `dev-main` is neither
 * above nor below `1.0`
 * @see https://getcomposer.org/doc/04-schema.md#version
 */
export function compareComposer(a: string, b: string): number {
  const left = parseComposer(a);
  const right = parseComposer(b);
  if (left.branch !== right.branch) throw unparsable();
  return compareComposerParts(left.parts, right.parts);
}

/** @throws InvalidInput `UNPARSABLE_VERSION` */
export function parseComposer(version: string): ComposerVersion {
  const trimmed = version.trim();
  const text = (aliasPattern.exec(trimmed)?.[1] ?? trimmed).replace(stabilityFlagPattern, '');
  if (['master', 'trunk', 'default'].includes(text)) return { parts: [], branch: text };
  if (/^dev-/i.test(text)) return { parts: [], branch: text.slice('dev-'.length) };

  const lower = text.replace(buildPattern, '$1').toLowerCase();
  const parts = releaseParts(lower) ?? dateParts(lower) ?? developmentLineParts(lower);
  if (parts === undefined) throw unparsable();
  return { parts, branch: null };
}

function releaseParts(version: string): string[] | undefined {
  const [, major, ...rest] = releasePattern.exec(version) ?? [];
  if (major === undefined) return undefined;
  const numbers = rest.slice(0, 3).map((number) => number?.slice(1) ?? '0');
  return [major, ...numbers, ...stageParts(rest.slice(3))];
}

function dateParts(version: string): string[] | undefined {
  const [, date, ...rest] = datePattern.exec(version) ?? [];
  return date === undefined ? undefined : [...date.split(/[.:-]/), ...stageParts(rest)];
}

/** Parts of a match of `stagePattern`: words and numbers. A version with `stable` ends there. */
function stageParts([stage, numbers = '', dev]: readonly (string | undefined)[]): string[] {
  if (stage === 'stable') return [];
  const parts = stage === undefined ? [] : [stageNames.get(stage) ?? stage, ...(numbers.match(/[0-9]+/g) ?? [])];
  return dev === undefined ? parts : [...parts, 'dev'];
}

function developmentLineParts(version: string): string[] | undefined {
  const match = developmentLinePattern.exec(version);
  if (match === null) return undefined;
  const numbers = match.slice(1).map((number) => (isDigit(number?.[0]) ? number : highest));
  return [...numbers, 'dev'];
}

export function compareComposerParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = comparePart(a[i], b[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string | undefined, b: string | undefined): number {
  const difference = rank(a) - rank(b);
  if (difference !== 0) return Math.sign(difference);
  return isDigit(a?.[0]) ? compareDigits(a ?? '', b ?? '') : 0;
}

/** Ranks of the following parts, lowest first. */
const ranks: ReadonlyMap<string | undefined, number> = new Map([
  ['dev', 0],
  ['alpha', 1],
  ['beta', 2],
  ['rc', 3],
  [undefined, 4],
  ['patch', 6],
]);

function rank(part: string | undefined): number {
  return ranks.get(part) ?? 5;
}

function unparsable(): InvalidInput {
  return new InvalidInput('UNPARSABLE_VERSION', 'not a version that Composer can order');
}
