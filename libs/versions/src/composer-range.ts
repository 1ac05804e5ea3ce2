import { compareComposerParts, parseComposer, stagePattern } from './composer.js';
import type { ComposerVersion } from './composer.js';
import { increment } from './runs.js';

interface Bound {
  operator: string;
  version: ComposerVersion;
}

/** Parts of a bound: its numbers, and whether a stage, `dev` or `x-dev` follows them. */
interface BoundText {
  numbers: string[];
  hasStage: boolean;
  isOpenLine: boolean;
}

const boundPattern = new RegExp(
  `^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:${stagePattern.source}|\\.([x*][.-]?dev))(?:\\+\\S+)?$`,
  'i',
);
const explicitStagePattern = new RegExp(`-${stagePattern.source}$`);
const wildcardPattern = /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.[xX*])+$/;
const anyPattern = /^(v)?[x*](\.[x*])*$/i;
const andPattern = /(?<!^|as|[=>< ,]) ?(?<!-)[, ](?!-) ?(?!,|as|$)/;
const aliasPattern = /^([^,\s]+) as [^,\s]+$/;
const stabilityFlagPattern = /^([^,\s@]*)@(stable|rc|beta|alpha|dev)$/i;
const referencePattern = /^(dev-[^,\s@#]+|[^,\s@#]+\.x-dev)#.+$/i;
const comparisonPattern = /^(<>|!=|>=?|<=?|==?)? ?(.*)$/s;

/**
 * Whether a version is in a Composer range: `^1.2`, `~1.2.3`, `1.0 - 2.0`, `1.2.*`, `>=1.0 <1.1 ||
 * dev-main`.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 * @see https://getcomposer.org/doc/articles/versions.md#writing-version-constraints
 */
export function satisfiesComposer(version: string, range: string): boolean {
  const candidate = parseComposer(version);
  const alternatives = range
    .trim()
    .replace(/\s+/g, ' ')
    .split(/ ?\|\|? ?/);
  const bounds = alternatives.map((alternative) => alternative.split(andPattern).flatMap(boundsOf));
  return bounds.some((all) => all.every((bound) => meets(candidate, bound)));
}

function boundsOf(text: string): Bound[] {
  const { constraint, stability } = withoutFlags(text);
  return (
    anyBounds(constraint) ??
    tildeBounds(constraint) ??
    caretBounds(constraint) ??
    wildcardBounds(constraint) ??
    hyphenBounds(constraint) ??
    comparisonBounds(constraint, stability)
  );
}

/**
 * An alias, the minimum stability and the commit of a branch matter only to Composer, except for
 * `stability` in comparisons.
 */
function withoutFlags(text: string): { constraint: string; stability: string | null } {
  const aliased = aliasPattern.exec(text)?.[1] ?? text;
  const [whole, least = '', flag = 'stable'] = stabilityFlagPattern.exec(aliased) ?? [];
  const constraint = (whole === undefined ? aliased : least || '*').replace(referencePattern, '$1');
  return { constraint, stability: flag === 'stable' ? null : flag.toLowerCase() };
}

function anyBounds(constraint: string): Bound[] | null {
  const match = anyPattern.exec(constraint);
  if (match === null) return null;
  const isOfVersions = match[1] !== undefined || match[2] !== undefined;
  return isOfVersions ? [{ operator: '>=', version: versionOf(['0', '0', '0', '0', 'dev']) }] : [];
}

/** `~1.2.3`: the last number may grow. */
function tildeBounds(constraint: string): Bound[] | null {
  const low = constraint.startsWith('~') ? readBound(constraint.slice(1)) : null;
  if (low === null) return null;
  const length = low.numbers.length + (low.isOpenLine ? 1 : 0);
  return [from(constraint.slice(1), low), below(low.numbers, Math.max(length - 1, 1))];
}

/** `^1.2.3`: all numbers after the first one that is not 0 may grow. */
function caretBounds(constraint: string): Bound[] | null {
  const low = constraint.startsWith('^') ? readBound(constraint.slice(1)) : null;
  if (low === null) return null;
  const [major, minor, patch] = low.numbers;
  const isFixed = [major !== '0' || minor === undefined, minor !== '0' || patch === undefined, true];
  return [from(constraint.slice(1), low), below(low.numbers, isFixed.indexOf(true) + 1)];
}

function wildcardBounds(constraint: string): Bound[] | null {
  const match = wildcardPattern.exec(constraint);
  if (match === null) return null;
  const numbers = match.slice(1).filter((number) => number !== undefined);
  const low = [...numbers, '0', '0', '0'].slice(0, 4);
  return [{ operator: '>=', version: versionOf([...low, 'dev']) }, below(numbers, numbers.length)];
}

/** `1.0 - 2.0`: an incomplete second bound includes all versions that start with it. */
function hyphenBounds(constraint: string): Bound[] | null {
  const [first = '', second = '', ...rest] = constraint.split(' - ');
  const low = readBound(first);
  const high = readBound(second);
  if (low === null || high === null || rest.length > 0) return null;

  const lower = parseComposer(first);
  if (!low.hasStage) lower.parts.push('dev');
  const upper = parseComposer(second);
  const isFull = high.numbers.length > 2 || high.hasStage;
  return [
    { operator: '>=', version: lower },
    isFull ? { operator: '<=', version: upper } : below(high.numbers, high.numbers.length),
  ];
}

/**
 * `<2.0` excludes the pre-releases of 2.0 and `>=2.0` includes them, unless the bound itself names
 * a stage.
 */
function comparisonBounds(constraint: string, stability: string | null): Bound[] {
  const [, operator = '=', text = ''] = comparisonPattern.exec(constraint) ?? [];
  const version = parseBranchOrVersion(text);
  const isEquality = operator === '=' || operator === '==';
  if (!isEquality && stability !== null && isStable(version)) version.parts.push(stability);
  else if ((operator === '<' || operator === '>=') && !explicitStagePattern.test(text.toLowerCase())) {
    version.parts.push('dev');
  }
  return [{ operator, version }];
}

/** `foo-dev` is an old way to write the branch `dev-foo`. */
function parseBranchOrVersion(text: string): ComposerVersion {
  try {
    return parseComposer(text);
  } catch (error) {
    if (!/^[0-9A-Za-z./-]+-dev$/.test(text)) throw error;
    return parseComposer(`dev-${text.slice(0, -'-dev'.length)}`);
  }
}

function isStable({ parts, branch }: ComposerVersion): boolean {
  return branch === null && !parts.some((part) => ['dev', 'alpha', 'beta', 'rc'].includes(part));
}

function readBound(text: string): BoundText | null {
  const match = boundPattern.exec(text);
  if (match === null) return null;
  const [stage, , dev, openLine] = match.slice(5);
  const isOpenLine = openLine !== undefined;
  return {
    numbers: match.slice(1, 5).filter((number) => number !== undefined),
    hasStage: stage !== undefined || dev !== undefined || isOpenLine,
    isOpenLine,
  };
}

function from(text: string, { hasStage }: BoundText): Bound {
  return { operator: '>=', version: parseComposer(hasStage ? text : `${text}-dev`) };
}

/** Below the next version that differs in the number at this position, counted from 1. */
function below(numbers: readonly string[], position: number): Bound {
  const next = [...numbers.slice(0, position - 1), increment(numbers[position - 1] ?? '0'), '0', '0', '0'].slice(0, 4);
  return { operator: '<', version: versionOf([...next, 'dev']) };
}

function versionOf(parts: string[]): ComposerVersion {
  return { parts, branch: null };
}

function meets(candidate: ComposerVersion, { operator, version }: Bound): boolean {
  const isEquality = operator === '=' || operator === '==';
  const isInequality = operator === '!=' || operator === '<>';
  // A branch has no place in the order: it equals only itself.
  if (candidate.branch !== null || version.branch !== null) {
    const isSame = candidate.branch === version.branch;
    return isInequality ? !isSame : isEquality && isSame;
  }

  const order = compareComposerParts(candidate.parts, version.parts);
  if (isEquality) return order === 0;
  if (isInequality) return order !== 0;
  if (order === 0) return operator.endsWith('=');
  return operator.startsWith('<') === order < 0;
}
