/** What a sender is told once everything is stored and it may forget it. */
export interface Receipt {
  accepted: number;
  duplicates: number;
  ignored: number;
}

/** What nobody asked for is nobody's concern, but a sender of which nothing can be read should be looked at. */
export function logLevel(facts: number, ignored: Readonly<Record<string, number>>): 'info' | 'warn' | 'debug' {
  if (facts > 0) return 'info';
  return (ignored['malformed'] ?? 0) > 0 ? 'warn' : 'debug';
}

export function totalOf(counts: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  return total;
}
