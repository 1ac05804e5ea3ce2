import type { Incident } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';

type Worked = Pick<
  Incident,
  'acknowledgedBy' | 'acknowledgedAt' | 'assignee' | 'snoozedUntil' | 'resolvedBy' | 'resolution'
>;

/** Acknowledgement, assignee, snooze and resolution of an incident. */
export function TriageState({ incident }: { incident: Worked }) {
  const { acknowledgedBy, acknowledgedAt, assignee, snoozedUntil, resolvedBy, resolution } = incident;
  if (assignee === null && snoozedUntil === null && resolvedBy === null && acknowledgedAt === null) return null;
  return (
    <span className="quiet triage-state">
      {assignee !== null && <span>assigned to {assignee}</span>}
      {resolvedBy === null && acknowledgedAt !== null && <span>acknowledged by {acknowledgedBy ?? 'a user'}</span>}
      {snoozedUntil !== null && (
        <span>
          snoozed, back <Moment at={snoozedUntil} />
        </span>
      )}
      {resolvedBy !== null && (
        <span>
          resolved by {resolvedBy}
          {resolution !== null && ` as ${resolution}`}
        </span>
      )}
    </span>
  );
}
