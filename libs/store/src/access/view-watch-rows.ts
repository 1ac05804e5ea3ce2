import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedWith } from '../core/retention.js';
import { SavedViewRow } from './saved-view-row.js';

/** Watch over the rows of a saved view that names a receiver. */
@DeletedWith(() => SavedViewRow)
@Entity('view_watch')
export class ViewWatchRow {
  @PrimaryColumn('uuid', { name: 'view_id', primaryKeyConstraintName: 'view_watch_pk' }) viewId!: string;
  @ManyToOne(() => SavedViewRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'view_id', foreignKeyConstraintName: 'view_watch_view_fk' })
  view?: Relation<SavedViewRow>;
  /** List and query that it watches; another query begins anew. */
  @Column('text') query!: string;
  /** Time of the next look. */
  @Column('timestamptz', { name: 'due_at', default: () => 'now()' }) dueAt!: Date;
  /** First look that could read the rows, which announces none; null before it. */
  @Column('timestamptz', { name: 'began_at', nullable: true }) beganAt!: Date | null;
  /** Reason for which the last look failed. */
  @Column('text', { nullable: true }) problem!: string | null;
}

/** Row that a watched view has, or had in the last days, by its key. */
@DeletedWith(() => ViewWatchRow)
@Entity('view_row')
export class ViewRowRow {
  @PrimaryColumn('uuid', { name: 'view_id', primaryKeyConstraintName: 'view_row_pk' }) viewId!: string;
  @ManyToOne(() => ViewWatchRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'view_id', foreignKeyConstraintName: 'view_row_watch_fk' })
  watch?: Relation<ViewWatchRow>;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'view_row_pk' }) key!: string;
  /** Time at which the view was first without it; null while it has it. */
  @Column('timestamptz', { name: 'gone_at', nullable: true }) goneAt!: Date | null;
}
