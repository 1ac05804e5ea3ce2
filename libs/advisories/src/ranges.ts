import { InvalidInput } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

/**
 * Point where affected versions start or end. @see
 * https://ossf.github.io/osv-schema/#affectedrangesevents-fields
 */
export type VersionEvent =
  | {
      introduced: string;
      /** Whether the version itself is not affected; not in OSV. */
      isExclusive?: true;
    }
  | { fixed: string }
  | { last_affected: string }
  | { limit: string };

/**
 * Affected versions, always in the order of their ecosystem, whatever `type` claims. @see
 * https://ossf.github.io/osv-schema/#affectedranges-field
 */
export interface VersionRange {
  type: 'ECOSYSTEM' | 'SEMVER';
  events: VersionEvent[];
}

/** Yes, no, or undefined if it depends on versions that cannot be compared. */
export type Tristate = boolean | undefined;

type Bound = Exclude<VersionEvent, { limit: string }>;

interface Interval {
  introduced: string;
  isExclusive?: true | undefined;
  end?: Exclude<Bound, { introduced: string }>;
}

/** Limit on displayed ranges if the matching one cannot be determined. */
const maxTexts = 5;

/** The same range with its versions in another spelling. */
export function spelled(range: VersionRange, spelling: (version: string) => string): VersionRange {
  const events = range.events.map(
    (event) =>
      Object.fromEntries(
        Object.entries(event).map(([key, value]) => [
          key,
          typeof value === 'string' && value !== '0' ? spelling(value) : value,
        ]),
      ) as VersionEvent,
  );
  return { ...range, events };
}

/** Whether a version is in a range. @see https://ossf.github.io/osv-schema/#evaluation */
export function isInRange(version: string, { events }: VersionRange, compare: VersionComparer): Tristate {
  const intervals = intervalsOf(events.filter(isBound), compare);
  if (intervals === undefined) return undefined;
  const isListed = anyOf(intervals.map((interval) => isInInterval(version, interval, compare)));
  return bothOf(isListed, isBelowLimits(version, events, compare));
}

/** Whether a version is listed, in any spelling. */
export function isListed(version: string, versions: readonly string[], compare: VersionComparer): Tristate {
  if (versions.includes(version)) return true;
  if (versions.length === 0) return false;
  if (tryCompare(version, version, compare) === undefined) return undefined;
  return versions.some((listed) => tryCompare(version, listed, compare) === 0);
}

/**
 * Affected versions that contain a version: `>= 1.0, < 1.5`; if that cannot be determined, those
 * that may.
 */
export function hitIn(version: string, ranges: readonly VersionRange[], compare: VersionComparer): string {
  const intervals = ranges.flatMap(({ events }) => intervalsOf(events.filter(isBound), compare) ?? []);
  const answers = intervals.map((interval) => ({ interval, answer: isInInterval(version, interval, compare) }));
  const hit = answers.find(({ answer }) => answer === true);
  const shown = hit ? [hit] : answers.filter(({ answer }) => answer === undefined).slice(0, maxTexts);
  return shown.map(({ interval }) => textOf(interval)).join(' || ') || 'not known';
}

function textOf({ introduced, isExclusive, end }: Interval): string {
  const start = isBeginning({ introduced }) ? [] : [`>${isExclusive ? '' : '='} ${introduced}`];
  if (end) start.push('fixed' in end ? `< ${end.fixed}` : `<= ${end.last_affected}`);
  return start.join(', ') || 'all versions';
}

/** True if one answer is true; false if all are false. */
export function anyOf(answers: Tristate[]): Tristate {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

/** Compares, or returns undefined if the scheme rejects a version. */
export function tryCompare(a: string, b: string, compare: VersionComparer): number | undefined {
  try {
    return compare(a, b);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

function bothOf(a: Tristate, b: Tristate): Tristate {
  if (a === false || b === false) return false;
  return a === undefined || b === undefined ? undefined : true;
}

/**
 * Pairs each start with the end that follows it. Alternating events keep their order: if one
 * version ends an interval and starts the next, no sort order is right for every record. Others are
 * sorted first.
 */
function intervalsOf(bounds: Bound[], compare: VersionComparer): Interval[] | undefined {
  const takeTurns = bounds.every((bound, index) => 'introduced' in bound === (index % 2 === 0));
  const ordered = takeTurns ? bounds : sort(bounds, compare);
  if (ordered === undefined) return undefined;

  const intervals: Interval[] = [];
  let open: Interval | undefined;
  for (const bound of ordered) {
    if (!('introduced' in bound)) {
      if (open) open.end = bound;
      open = undefined;
    } else if (!open) {
      open = { introduced: bound.introduced, isExclusive: bound.isExclusive };
      intervals.push(open);
    }
  }
  return intervals;
}

function sort(bounds: Bound[], compare: VersionComparer): Bound[] | undefined {
  try {
    return bounds.toSorted((a, b) => {
      if (isBeginning(a) || isBeginning(b)) return Number(isBeginning(b)) - Number(isBeginning(a));
      return compare(versionOf(a), versionOf(b));
    });
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** `introduced: "0"` is no version: it precedes all versions, including pre-releases of 0. */
function isBeginning(bound: Bound): boolean {
  return 'introduced' in bound && bound.introduced === '0';
}

function versionOf(bound: Bound): string {
  if ('introduced' in bound) return bound.introduced;
  return 'fixed' in bound ? bound.fixed : bound.last_affected;
}

function isInInterval(version: string, { introduced, isExclusive, end }: Interval, compare: VersionComparer): Tristate {
  // Alpine's notation for a package that was never affected.
  if (introduced === '0' && end !== undefined && 'fixed' in end && end.fixed === '0') return false;
  const isAfter = isExclusive ? isBelow : isAtMost;
  const hasStarted = isBeginning({ introduced }) || isAfter(introduced, version, compare);
  if (end === undefined) return hasStarted;
  return bothOf(
    hasStarted,
    'fixed' in end ? isBelow(version, end.fixed, compare) : isAtMost(version, end.last_affected, compare),
  );
}

function isBound(event: VersionEvent): event is Bound {
  return !('limit' in event);
}

function isBelowLimits(version: string, events: VersionEvent[], compare: VersionComparer): Tristate {
  const limits = events.filter((event) => 'limit' in event);
  if (limits.length === 0) return true;
  return anyOf(limits.map(({ limit }) => limit === '*' || isBelow(version, limit, compare)));
}

/** A version equals itself in any form: Alpine's own `3.3.3p1-r3` is none that apk can order. */
function isBelow(a: string, b: string, compare: VersionComparer): Tristate {
  if (a === b) return false;
  const order = tryCompare(a, b, compare);
  return order === undefined ? undefined : order < 0;
}

/** Whether a version is another one or below it. */
export function isAtMost(a: string, b: string, compare: VersionComparer): Tristate {
  if (a === b) return true;
  const order = tryCompare(a, b, compare);
  return order === undefined ? undefined : order <= 0;
}
