/** Severities, worst first. `unknown` is not `negligible`: the severity has not been rated yet. */
export const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;

export type Severity = (typeof severities)[number];

/**
 * Sorts worst first. `unknown` comes after every rated severity in lists; gates handle it
 * separately.
 */
export function compareSeverity(a: Severity, b: Severity): number {
  return severities.indexOf(a) - severities.indexOf(b);
}

/** Whether `severity` is `threshold` or worse. `unknown` meets no threshold but itself. */
export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return compareSeverity(severity, threshold) <= 0;
}

/** Worst of some severities; `unknown` without any. */
export function worstSeverity(all: Iterable<Severity>): Severity {
  let worst: Severity = 'unknown';
  for (const severity of all) if (compareSeverity(severity, worst) < 0) worst = severity;
  return worst;
}
