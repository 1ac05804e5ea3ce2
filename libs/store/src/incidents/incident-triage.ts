import { Injectable } from '@nestjs/common';
import type { Resolution } from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import type { Transaction } from '../core/store.js';
import { incidentColumns } from './incident-list.js';
import { addRevision } from './incident-revisions.js';
import { IncidentRow } from './incident-rows.js';
import type { ListedIncident } from './incidents.js';

/** Fields of an incident that users change. */
const triageColumns = columnsOf(IncidentRow, {
  only: ['state', 'assignee', 'snoozedUntil', 'resolvedBy', 'resolution', 'revision'],
});

/** Work of users on incidents. Each act returns null where it changes nothing. */
@Injectable()
export class IncidentTriage {
  /**
   * Acknowledges an open incident until it worsens or reopens. It is assigned to the user unless it
   * has an assignee.
   */
  async acknowledge(tx: Transaction, id: string, by: string): Promise<ListedIncident | null> {
    const incident = await change(
      tx,
      'assignee = coalesce(assignee, $2)',
      `state = 'open' AND coalesce((SELECT kind FROM incident_revision WHERE incident_id = $1
         AND kind IN ('acknowledged', 'worsened', 'reopened') ORDER BY revision DESC LIMIT 1), '') <> 'acknowledged'`,
      [id, by],
    );
    if (!incident) return null;
    await addRevision(tx, incident, { kind: 'acknowledged', news: [], actor: by });
    // The row was read before its revision; both have the time of the transaction.
    return { ...incident, acknowledgedBy: by, acknowledgedAt: incident.updatedAt };
  }

  /** Assigns an open incident; null takes the assignee away. */
  async assign(tx: Transaction, id: string, assignee: string | null, by: string): Promise<ListedIncident | null> {
    const incident = await change(tx, 'assignee = $2', `state = 'open' AND assignee IS DISTINCT FROM $2`, [
      id,
      assignee,
    ]);
    const line = assignee === null ? 'No longer assigned' : `Assigned to ${assignee}`;
    if (incident) await addRevision(tx, incident, { kind: 'assigned', news: [line], actor: by });
    return incident;
  }

  /**
   * Hides an open incident from lists, and holds back repeated messages, until a time or its next
   * news.
   */
  async snooze(tx: Transaction, id: string, until: Date, by: string): Promise<ListedIncident | null> {
    const incident = await change(
      tx,
      'snoozed_until = $2',
      `state = 'open' AND snoozed_until IS DISTINCT FROM $2::timestamptz AND $2::timestamptz > now()`,
      [id, until],
    );
    const line = `Snoozed until ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    if (incident) await addRevision(tx, incident, { kind: 'snoozed', news: [line], actor: by });
    return incident;
  }

  /** Ends a snooze. */
  async unsnooze(tx: Transaction, id: string, by: string): Promise<ListedIncident | null> {
    const incident = await change(tx, 'snoozed_until = NULL', `state = 'open' AND snoozed_until > now()`, [id]);
    if (incident) await addRevision(tx, incident, { kind: 'unsnoozed', news: ['Snooze ended'], actor: by });
    return incident;
  }

  /** Adds a comment, also to an incident that has ended. */
  async comment(tx: Transaction, id: string, comment: string, by: string): Promise<ListedIncident | null> {
    const incident = await change(tx, 'assignee = assignee', 'true', [id]);
    if (incident) await addRevision(tx, incident, { kind: 'commented', news: [], actor: by, comment });
    return incident;
  }

  /** Resolves an open incident. */
  async resolve(
    tx: Transaction,
    id: string,
    by: string,
    { reason = null, comment = null }: { reason?: Resolution | null; comment?: string | null } = {},
  ): Promise<ListedIncident | null> {
    const incident = await change(
      tx,
      `state = 'resolved', resolved_at = now(), resolved_by = $2, resolution = $3, snoozed_until = NULL`,
      `state = 'open'`,
      [id, by, reason],
    );
    const news = reason === null ? [] : [`Reason: ${reason}`];
    if (incident) await addRevision(tx, incident, { kind: 'resolved', news, actor: by, comment });
    return incident;
  }

  /** Opens a resolved incident again. */
  async reopen(tx: Transaction, id: string, by: string): Promise<ListedIncident | null> {
    const incident = await change(
      tx,
      `state = 'open', resolved_at = NULL, resolved_by = NULL, resolution = NULL`,
      `state = 'resolved'`,
      [id],
    );
    if (!incident) return null;
    await addRevision(tx, incident, { kind: 'reopened', news: [], actor: by });
    return { ...incident, acknowledgedBy: null, acknowledgedAt: null };
  }
}

/** Adds a line about a containment order, also to an incident that has ended. */
export async function addContainmentLine(tx: Transaction, id: string, line: string, by: string | null): Promise<void> {
  const [incident] = await tx.returning(
    incidentColumns,
    'UPDATE incident SET revision = revision + 1, updated_at = now() WHERE id = $1',
    [id],
  );
  if (incident) await addRevision(tx, incident, { kind: 'containment', news: [line], actor: by });
}

/** Changes an incident to its next revision; null where the condition does not hold. */
async function change(
  tx: Transaction,
  set: string,
  condition: string,
  parameters: readonly [id: string, ...unknown[]],
): Promise<ListedIncident | null> {
  const [before] = await tx.rows(triageColumns, 'FROM incident WHERE id = $1 FOR UPDATE', [parameters[0]]);
  const [incident] = await tx.returning(
    incidentColumns,
    `UPDATE incident SET ${set}, revision = revision + 1, updated_at = now() WHERE id = $1 AND ${condition}`,
    [...parameters],
  );
  if (!incident || !before) return null;
  const { state, assignee, snoozedUntil, resolvedBy, resolution, revision } = incident;
  const after = { state, assignee, snoozedUntil, resolvedBy, resolution, revision };
  tx.record({ subject: parameters[0], before, after });
  return incident;
}
