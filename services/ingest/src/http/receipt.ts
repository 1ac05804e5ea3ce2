/** Counts of what an intake stored. */
export interface IntakeResult {
  accepted: number;
  duplicates: number;
}

/** Answer to a sender once everything is stored; the sender may then drop its copy. */
export interface Receipt extends IntakeResult {
  ignored: number;
}

/**
 * Level for logging a webhook: ignored events are of no concern, but a sender whose events are all
 * unreadable is a warning.
 */
export function logLevel(facts: number, ignored: Readonly<Record<string, number>>): 'info' | 'warn' | 'debug' {
  if (facts > 0) return 'info';
  return (ignored['malformed'] ?? 0) > 0 ? 'warn' : 'debug';
}

export function totalOf(counts: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  return total;
}
