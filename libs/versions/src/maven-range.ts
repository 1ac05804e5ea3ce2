import { isInInterval, parseIntervals } from './intervals.js';
import { compareMaven } from './maven.js';

/**
 * Whether a version is in a Maven range, `[1.0,2.0),[2.1,)`. A version without brackets is only
 * recommended: it allows all.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 * @see https://maven.apache.org/pom.html#dependency-version-requirement-specification
 */
export function satisfiesMaven(version: string, range: string): boolean {
  const text = range.trim();
  if (/^[[(]/.test(text)) {
    return parseIntervals(text)
      .map((interval) => isInInterval(version, interval, compareMaven))
      .some((isIn) => isIn);
  }
  compareMaven(version, text); // Both must still be valid versions.
  return true;
}
