import { createHash } from 'node:crypto';

import type { DetectionAlert } from '../alerts/alert.js';

/**
 * Returns the changes by a second evaluation of an event: new alerts, and revisions of alerts whose
 * container, image or severity differs. An alert that depended on facts and does not recur gets a
 * revision that no longer counts.
 */
export function revisionsOf(before: readonly DetectionAlert[], after: readonly DetectionAlert[]): DetectionAlert[] {
  const earlier = new Map(before.map((alert) => [alert.id, alert]));
  const later = new Set(after.map(({ id }) => id));
  const changed = after.flatMap((alert) => {
    const known = earlier.get(alert.id);
    if (known === undefined) return [alert];
    return fingerprintOf(known) === fingerprintOf(alert) ? [] : [revisionOf(alert)];
  });
  const gone = before.filter(({ id, isFact, lowered }) => isFact && lowered === null && !later.has(id));
  return [...changed, ...gone.map((alert) => revisionOf(explained(alert)))];
}

function explained(alert: DetectionAlert): DetectionAlert {
  return {
    ...alert,
    severity: 'low',
    weight: 'context',
    lowered: 'what became known of the image explains it',
  };
}

function revisionOf(alert: DetectionAlert): DetectionAlert {
  const id = createHash('sha256')
    .update(`${alert.id} ${fingerprintOf(alert)}`)
    .digest('hex')
    .slice(0, 32);
  return { ...alert, id, revises: alert.id };
}

/** Fields that a second evaluation may change. */
function fingerprintOf({ context, image, keys, severity, weight, title, lowered }: DetectionAlert): string {
  return JSON.stringify([context, image, keys, severity, weight, title, lowered]);
}
