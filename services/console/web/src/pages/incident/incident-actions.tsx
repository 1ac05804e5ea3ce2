import { acknowledgeIncident, resolveIncident } from '../../api/changes.js';
import type { IncidentDetail } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { ownerOf } from '../incidents/triage.js';

/** Acknowledge and resolve; nothing for an incident that has ended. */
export function IncidentActions({ incident }: { incident: IncidentDetail }) {
  const { id, number, state, revisions } = incident;
  if (state !== 'open') return null;
  const owner = ownerOf(revisions);
  const changes = [['incidents']];
  return (
    <div className="actions">
      {owner === null ? (
        <ActionButton
          kind="primary"
          run={() => acknowledgeIncident(id)}
          done={`INC-${number} is acknowledged`}
          changes={changes}
        >
          Acknowledge
        </ActionButton>
      ) : (
        <span className="quiet">acknowledged by {owner}</span>
      )}
      <ActionButton run={() => resolveIncident(id)} done={`INC-${number} is resolved`} changes={changes}>
        Resolve
      </ActionButton>
    </div>
  );
}
