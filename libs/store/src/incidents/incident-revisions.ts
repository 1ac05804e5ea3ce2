import { draft, incidentOpened, incidentResolved, incidentUpdated } from '@tidewaiter/events';

import { valuesOf } from '../core/row-sets.js';
import type { Transaction } from '../core/store.js';
import { IncidentRevisionRow, type IncidentRow } from './incident-rows.js';

const added = valuesOf(IncidentRevisionRow, [
  ...(['incidentId', 'revision', 'kind', 'severity', 'news', 'actor', 'comment'] as const),
]);

const eventOf = {
  opened: incidentOpened,
  updated: incidentUpdated,
  acknowledged: incidentUpdated,
  assigned: incidentUpdated,
  snoozed: incidentUpdated,
  unsnoozed: incidentUpdated,
  commented: incidentUpdated,
  containment: incidentUpdated,
  worsened: incidentUpdated,
  reopened: incidentUpdated,
  resolved: incidentResolved,
  merged: incidentResolved,
} as const;

type NewRevision = Pick<IncidentRevisionRow, 'kind' | 'news'> & Partial<Pick<IncidentRevisionRow, 'actor' | 'comment'>>;

/** Adds the revision that an incident has reached, and emits it. */
export async function addRevision(
  tx: Transaction,
  { id, revision, severity }: Pick<IncidentRow, 'id' | 'revision' | 'severity'>,
  { kind, news, actor = null, comment = null }: NewRevision,
): Promise<void> {
  await tx.query(
    `INSERT INTO incident_revision (${added.columns}) VALUES (${added.values})`,
    added.parameters({ incidentId: id, revision, kind, severity, news, actor, comment }),
  );
  await tx.emit(draft(eventOf[kind], id, { incidentId: id, revision, severity }));
}
