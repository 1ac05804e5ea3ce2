import type { ContainmentEvidence, OrderEnvelope } from '@tidewaiter/containment';
import type { ContainmentAction, ContainmentState, ContainmentSubject, JsonObject } from '@tidewaiter/domain';
import { Column, CreateDateColumn, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedWith } from '../core/retention.js';
import { IncidentRow } from '../incidents/incident-rows.js';

/** Calls of an agent to the Kubernetes API, and what it knew before them. */
export interface ContainmentReport {
  /** `PATCH /api/v1/nodes/node-1` */
  calls: string[];
  /** Limits of the action, in words. */
  notes: string[];
  /** State from which an undo restores. */
  before: JsonObject;
  /** uid of the object that was changed. */
  uid: string;
}

/** An order to contain an incident, or to undo one. */
@DeletedWith(() => IncidentRow)
@Entity('containment_order')
// On an expression, which TypeORM cannot declare.
@Index('containment_order_automatic_ux', { synchronize: false })
@Index('containment_order_waiting_ix', ['cluster', 'id'], { where: `state = 'ordered'` })
export class ContainmentOrderRow {
  /** UUID of version 7. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'containment_order_pk' }) id!: string;
  @Index('containment_order_incident_ix')
  @Column('uuid', { name: 'incident_id' })
  incidentId!: string;
  @ManyToOne(() => IncidentRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'incident_id', foreignKeyConstraintName: 'containment_order_incident_fk' })
  incident?: Relation<IncidentRow>;
  @Column('text') cluster!: string;
  @Column('text') action!: ContainmentAction;
  /** Null for a node. */
  @Column('text', { nullable: true }) namespace!: string | null;
  @Column('jsonb') subject!: ContainmentSubject;
  /** User, or `policy:` and the name of a rule of automatic containment. */
  @Column('text') author!: string;
  @Column('text') reason!: string;
  /** Maintainer who approved the request of a responder. */
  @Column('text', { name: 'approved_by', nullable: true }) approvedBy!: string | null;
  @Column('boolean', { name: 'dry_run' }) dryRun!: boolean;
  /** Order that this one undoes. */
  @Index('containment_order_undoes_ix', { where: 'undoes IS NOT NULL' })
  @Column('uuid', { nullable: true })
  undoes!: string | null;
  @Column('text') state!: ContainmentState;
  /** Signed order; null while it waits for approval. */
  @Column('jsonb', { nullable: true }) envelope!: OrderEnvelope | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Index('containment_order_expiry_ix', { where: `state IN ('requested', 'ordered')` })
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
  /** Code of a refusal or failure. */
  @Column('text', { nullable: true }) code!: string | null;
  @Column('jsonb', { nullable: true }) report!: ContainmentReport | null;
  /** State of the object before the action. */
  @Column('jsonb', { nullable: true }) evidence!: ContainmentEvidence | null;
}

/** A change of the state of an order. Rows are only added. */
@DeletedWith(() => ContainmentOrderRow)
@Entity('containment_transition')
export class ContainmentTransitionRow {
  @PrimaryColumn('uuid', { name: 'order_id', primaryKeyConstraintName: 'containment_transition_pk' })
  orderId!: string;
  @ManyToOne(() => ContainmentOrderRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'order_id', foreignKeyConstraintName: 'containment_transition_order_fk' })
  order?: Relation<ContainmentOrderRow>;
  /** From 1, in the order in which the hub recorded them. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'containment_transition_pk' }) position!: number;
  @Column('text') state!: ContainmentState;
  /** Time of the change, by the clock of its author: the hub or the agent. */
  @Column('timestamptz') at!: Date;
  /** User, `policy:` and a name, or `agent:` and a cluster; null for the end of its time. */
  @Column('text', { nullable: true }) actor!: string | null;
  @Column('text', { nullable: true }) code!: string | null;
  @Column('text', { nullable: true }) detail!: string | null;
}
