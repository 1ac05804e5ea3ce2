import { staleFleet } from '@tidewaiter/domain';

import { printStderr } from '../context.js';

/**
 * Warns if what was printed is not up to date.
 * @param asOf last evaluation of the fleet as the platform answers it; null before the first
 */
export function warnOfAge(asOf: string | null): void {
  const warning = staleFleet(asOf, Date.now(), (time) => time);
  if (warning !== null) printStderr(warning);
}
