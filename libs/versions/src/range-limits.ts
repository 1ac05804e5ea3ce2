import { InvalidInput } from '@tidewaiter/domain';

/**
 * Every bound of a range may read the whole version, so neither may be unlimited. npm itself stops
 * at 256.
 */
const maxVersionLength = 1_024;
const maxRangeLength = 65_536;

/** @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE` */
export function checkLengths(version: string, range: string): void {
  if (version.length > maxVersionLength) throw new InvalidInput('UNPARSABLE_VERSION', 'longer than any version');
  if (range.length > maxRangeLength) throw new InvalidInput('UNPARSABLE_RANGE', 'longer than any range of versions');
}
