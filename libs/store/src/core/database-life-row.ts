import { Column, Entity, PrimaryColumn } from 'typeorm';

import { safeInteger } from './columns.js';
import { Permanent } from './retention.js';

/** Recognition of a restored copy: its age, and what was put back and what was not. */
export interface RestoreReport {
  /** ISO 8601. */
  recognizedAt: string;
  /** Last heartbeat of the copy, ISO 8601: what was stored later is not in it. */
  copyOf: string;
  /** Events that were put back from NATS. */
  pushes: number;
  deletions: number;
  /** Reports of pipelines, whose documents only the database had. */
  lostReports: number;
  /** Time until which events are missing, as NATS does not go back to the copy; null if it does. */
  gapUntil: string | null;
}

/** Identity and heartbeat of the database: one row. */
@Permanent('one row')
@Entity('database_life')
export class DatabaseLifeRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'database_life_pk' })
  id!: string;
  /** Number of times that it was restored. */
  @Column('integer', { default: 0 }) epoch!: number;
  @Column('bigint', { default: 0, transformer: safeInteger }) beat!: number;
  @Column('timestamptz', { name: 'beaten_at', default: () => 'now()' }) beatenAt!: Date;
  /** Database that used the streams before this one. */
  @Column('uuid', { nullable: true }) predecessor!: string | null;
  /** Last recognition. */
  @Column('jsonb', { nullable: true }) restore!: RestoreReport | null;
}
