import type { Incident, IncidentDetail } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { ownerOf } from '../incidents/triage.js';

type Worked = Pick<Incident, 'assignee' | 'snoozedUntil' | 'resolvedBy' | 'resolution'> &
  Partial<Pick<IncidentDetail, 'revisions'>>;

/** Assignee, snooze and resolution of an incident. */
export function TriageState({ incident }: { incident: Worked }) {
  const { assignee, snoozedUntil, resolvedBy, resolution, revisions = [] } = incident;
  const acknowledgedBy = ownerOf(revisions);
  if (assignee === null && snoozedUntil === null && resolvedBy === null && acknowledgedBy === null) return null;
  return (
    <span className="quiet triage-state">
      {assignee !== null && <span>assigned to {assignee}</span>}
      {resolvedBy === null && acknowledgedBy !== null && <span>acknowledged by {acknowledgedBy}</span>}
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
