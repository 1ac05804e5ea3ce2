import { Injectable } from '@nestjs/common';
import { mayFollow, type OrderEnvelope, transitionText } from '@tidewaiter/containment';
import type { ContainmentState } from '@tidewaiter/domain';

import { columnsOf } from '../core/columns.js';
import { valuesOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { addContainmentLine } from '../incidents/incident-triage.js';
import { ContainmentOrderRow, ContainmentTransitionRow } from './containment-rows.js';

const columns = columnsOf(ContainmentOrderRow);
const transitionColumns = columnsOf(ContainmentTransitionRow, { omit: ['orderId'] });
const waitingColumns = columnsOf(ContainmentOrderRow, { only: ['id', 'envelope'] }).notNull('envelope');
const newOrder = [
  ...(['id', 'incidentId', 'cluster', 'action', 'namespace', 'subject', 'author', 'reason'] as const),
  ...(['dryRun', 'undoes', 'state', 'envelope', 'expiresAt'] as const),
] as const;
const added = valuesOf(ContainmentOrderRow, newOrder);
const addedTransition = valuesOf(ContainmentTransitionRow, [
  ...(['orderId', 'position', 'state', 'at', 'actor', 'code', 'detail'] as const),
]);

export type NewContainmentOrder = Pick<ContainmentOrderRow, (typeof newOrder)[number]>;

/** A change of the state of an order, with what an agent reports of it. */
export interface ContainmentChange {
  state: ContainmentState;
  at: Date;
  actor: string | null;
  code?: string | null;
  detail?: string | null;
  report?: ContainmentOrderRow['report'];
  evidence?: ContainmentOrderRow['evidence'];
}

export type ContainmentTransition = Omit<ContainmentTransitionRow, 'orderId' | 'order'>;

/** Orders that one pull of an agent gets; it pulls again after them. */
const maxWaiting = 20;
const maxExpiring = 100;
/** Time after which an order that an agent accepted and did not report counts as expired. */
const silentAgent = `interval '1 day'`;

/** Ledger of containment orders. */
@Injectable()
export class ContainmentOrders {
  constructor(private readonly store: Store) {}

  /**
   * Adds an order; false where a rule of automatic containment has ordered it for the incident
   * before.
   */
  async add(tx: Transaction, order: NewContainmentOrder): Promise<boolean> {
    const fresh = await tx.query(
      `INSERT INTO containment_order (${added.columns}) VALUES (${added.values})
       ON CONFLICT (incident_id, author, (subject - 'uid')) WHERE author LIKE 'policy:%' DO NOTHING RETURNING id`,
      added.parameters(order),
    );
    if (fresh.length === 0) return false;
    await note(tx, order, { state: order.state, at: new Date(), actor: order.author });
    tx.record({ subject: order.id, before: null, after: recorded(order) });
    return true;
  }

  /** Signs the request of a responder; false when it is none any more. */
  async approve(
    tx: Transaction,
    id: string,
    { envelope, expiresAt, by }: { envelope: OrderEnvelope; expiresAt: Date; by: string },
  ): Promise<boolean> {
    const [order] = await tx.returning(
      columns,
      `UPDATE containment_order SET state = 'ordered', envelope = $2, expires_at = $3, approved_by = $4
       WHERE id = $1 AND state = 'requested' AND expires_at > now()`,
      [id, envelope, expiresAt, by],
    );
    if (!order) return false;
    await note(tx, order, { state: 'ordered', at: new Date(), actor: by });
    tx.record({ subject: id, before: { state: 'requested' }, after: recorded(order) });
    return true;
  }

  /**
   * Records a change of the state, and at the end of an undo that of the order which it undid.
   * Returns whether the state may follow: a report that is repeated, or too late, changes nothing.
   */
  async advance(tx: Transaction, id: string, change: ContainmentChange): Promise<boolean> {
    const [before] = await tx.rows(columns, 'FROM containment_order WHERE id = $1 FOR UPDATE', [id]);
    if (!before || !mayFollow(before.state, change.state)) return false;
    const { state, code = null, report = null, evidence = null } = change;
    await tx.query(
      `UPDATE containment_order SET state = $2, code = $3, report = coalesce($4, report),
       evidence = coalesce($5, evidence) WHERE id = $1`,
      [id, state, code, report, evidence],
    );
    await note(tx, before, change);
    if (state === 'done' && before.undoes !== null && !before.dryRun)
      await this.advance(tx, before.undoes, { state: 'undone', at: change.at, actor: before.author });
    return true;
  }

  /** Ends orders whose time is over. Returns their number. */
  async expireOverdue(tx: Transaction): Promise<number> {
    const overdue = await tx.rows(
      columns,
      `FROM containment_order WHERE state IN ('requested', 'ordered') AND expires_at <= now()
         OR state = 'accepted' AND expires_at <= now() - ${silentAgent}
       ORDER BY id LIMIT ${maxExpiring} FOR UPDATE SKIP LOCKED`,
    );
    for (const { id } of overdue) await this.advance(tx, id, { state: 'expired', at: new Date(), actor: null });
    return overdue.length;
  }

  async get(id: string): Promise<ContainmentOrderRow | null> {
    const [order] = await this.store.rows(columns, 'FROM containment_order WHERE id = $1', [id]);
    return order ?? null;
  }

  /** Changes of the state of an order, oldest first. */
  async transitions(id: string): Promise<ContainmentTransition[]> {
    return this.store.rows(transitionColumns, 'FROM containment_transition WHERE order_id = $1 ORDER BY position', [
      id,
    ]);
  }

  /** Orders of an incident, oldest first. */
  async of(incidentId: string): Promise<ContainmentOrderRow[]> {
    return this.store.rows(columns, 'FROM containment_order WHERE incident_id = $1 ORDER BY id', [incidentId]);
  }

  /** Signed orders that the agent of a cluster has not reported about yet, oldest first. */
  async waitingFor(cluster: string): Promise<OrderEnvelope[]> {
    const rows = await this.store.rows(
      waitingColumns,
      `FROM containment_order WHERE cluster = $1 AND state = 'ordered' AND expires_at > now()
       ORDER BY id LIMIT ${maxWaiting}`,
      [cluster],
    );
    return rows.map(({ envelope }) => envelope);
  }
}

/** Adds a transition to the ledger, and a line to the incident. */
async function note(
  tx: Transaction,
  order: Pick<ContainmentOrderRow, 'id' | 'incidentId' | 'action' | 'subject' | 'cluster' | 'dryRun' | 'undoes'>,
  { state, at, actor, code = null, detail = null }: ContainmentChange,
): Promise<void> {
  const [last] = await tx.aggregate<{ position: number }>(
    'SELECT count(*)::int AS position FROM containment_transition WHERE order_id = $1',
    [order.id],
  );
  const row = { orderId: order.id, position: (last?.position ?? 0) + 1, state, at, actor, code, detail };
  await tx.query(
    `INSERT INTO containment_transition (${addedTransition.columns}) VALUES (${addedTransition.values})`,
    addedTransition.parameters(row),
  );
  const line = transitionText(order, { state, code, detail });
  if (line !== null) await addContainmentLine(tx, order.incidentId, line, actor);
}

function recorded({
  action,
  subject,
  cluster,
  dryRun,
  undoes,
  state,
}: NewContainmentOrder | ContainmentOrderRow): object {
  return { action, subject, cluster, dryRun, undoes, state };
}
