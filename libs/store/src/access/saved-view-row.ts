import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

import { Permanent } from '../core/retention.js';
import type { ApiCaller } from './caller.js';

/**
 * Accounts that see a view beside its owner. `unlimited`: those without limits, as names and
 * queries may name what others may not see; `everyone`: also limited ones.
 */
export const viewVisibilities = ['private', 'unlimited', 'everyone'] as const;

export type ViewVisibility = (typeof viewVisibilities)[number];

/** Query of a list that an account keeps under a name. */
@Permanent('a few rows for each account, which it deletes itself')
@Entity('saved_view')
@Unique('saved_view_name_ux', ['ownerKind', 'owner', 'name'])
export class SavedViewRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'saved_view_pk' }) id!: string;
  @Column('text') name!: string;
  @Column('text', { name: 'owner_kind' }) ownerKind!: ApiCaller['kind'];
  /** Name of the user or service account. */
  @Column('text') owner!: string;
  @Column('text') visibility!: ViewVisibility;
  /** List of the API: `pushes`. */
  @Column('text') list!: string;
  @Column('text') q!: string;
  /** Order as in the API; null for that of the list. */
  @Column('text', { nullable: true }) sort!: string | null;
  /** Whether the home page shows it with its count to those who see it. */
  @Column('boolean', { name: 'is_pinned' }) isPinned!: boolean;
  /** Receiver of the routing that is notified of new rows; null without. */
  @Column('text', { nullable: true }) receiver!: string | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
