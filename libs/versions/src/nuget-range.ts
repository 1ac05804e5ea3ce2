import { InvalidInput } from '@tidewaiter/domain';

import { isInInterval, parseIntervals } from './intervals.js';
import { compareNuget } from './nuget.js';

/**
 * Whether a version is in a NuGet range: `1.0` and above, or `[1.0,2.0)`.
 *
 * A floating version, `1.2.*`, only states which version to prefer. It allows everything from its
 * lowest version on, as in NuGet itself.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 * @see https://learn.microsoft.com/nuget/concepts/package-versioning#version-ranges
 */
export function satisfiesNuget(version: string, range: string): boolean {
  const text = range.trim();
  if (!/^[[(]/.test(text)) return compareNuget(version, lowestOf(text)) >= 0;

  const [interval, second] = parseIntervals(text);
  if (interval === undefined || second !== undefined) {
    throw new InvalidInput('UNPARSABLE_RANGE', 'not a range that NuGet accepts');
  }
  return isInInterval(version, { ...interval, lower: lowestOf(interval.lower) }, compareNuget);
}

/** `1.2.*` starts at 1.2.0, `1.2.0-*` at 1.2.0-0 and `1.2.0-beta*` at 1.2.0-beta. */
function lowestOf(text: string): string {
  return text.replace(/\*(?=-|$)/g, (_star, position: number) =>
    /[A-Za-z0-9]/.test(text[position - 1] ?? '') ? '' : '0',
  );
}
