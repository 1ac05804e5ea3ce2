import { compareSeverity } from '@tidewaiter/domain';

import type { Incident } from '../../api/types.js';

type Ranked = Pick<Incident, 'severity' | 'score' | 'state' | 'lastSeen'>;

/** Open before ended, then by severity, score and last event. */
export function sortByUrgency<Row extends Ranked>(incidents: readonly Row[]): Row[] {
  return incidents.toSorted(
    (a, b) =>
      Number(a.state !== 'open') - Number(b.state !== 'open') ||
      compareSeverity(a.severity, b.severity) ||
      b.score - a.score ||
      b.lastSeen.localeCompare(a.lastSeen),
  );
}

/** Key of the row next to the chosen one; the first where none is chosen. */
export function neighborOf(keys: readonly string[], chosen: string | undefined, step: 1 | -1): string | undefined {
  if (chosen === undefined) return keys[0];
  const index = keys.indexOf(chosen);
  if (index === -1) return keys[0];
  return keys[Math.min(keys.length - 1, Math.max(0, index + step))];
}

/** Stages of an attack in their order: `execution → impact`. */
export function stagesText(steps: readonly { readonly stage: string | null; readonly title: string }[]): string {
  return [...new Set(steps.map(({ stage, title }) => stage ?? title))].join(' → ');
}
