import type { z } from 'zod';

/** Message of a required key that is not there; undefined for other problems. */
export function missingKey({ code, input }: z.core.$ZodRawIssue): string | undefined {
  const isMissing = input === undefined && (code === 'invalid_type' || code === 'invalid_value');
  return isMissing ? 'is missing' : undefined;
}
