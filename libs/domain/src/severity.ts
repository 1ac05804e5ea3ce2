/** How bad a finding is, worst first. `unknown` is not `negligible`: nobody has evaluated it yet. */
export const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;

export type Severity = (typeof severities)[number];

/** Sorts worst first. `unknown` stands behind every evaluated severity in lists; gates treat it on its own. */
export function compareSeverity(a: Severity, b: Severity): number {
  return severities.indexOf(a) - severities.indexOf(b);
}

/** Whether `severity` is `threshold` or worse. `unknown` meets no threshold but itself. */
export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return compareSeverity(severity, threshold) <= 0;
}

/** The worst of some severities, or `unknown` when there are none. */
export function worstSeverity(all: Iterable<Severity>): Severity {
  let worst: Severity = 'unknown';
  for (const severity of all) if (compareSeverity(severity, worst) < 0) worst = severity;
  return worst;
}
