import { Column, Entity, PrimaryColumn } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { Permanent } from '../core/retention.js';

/** A configured sensor, with the time of its last event. Only ingest writes it. */
@Permanent('one row for each sensor')
@Entity('sensor_contact')
export class SensorContactRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'sensor_contact_pk' }) sensor!: string;
  @Column('text') kind!: string;
  @Column('timestamptz', { name: 'heard_at', nullable: true }) heardAt!: Date | null;
  /** Time of the last event before it became stale; set while it is reported as stale. */
  @Column('timestamptz', { name: 'silent_since', nullable: true }) silentSince!: Date | null;
  @Column('bigint', { default: 0, transformer: safeInteger }) records!: number;
  /** Events that it reports as lost. */
  @Column('bigint', { default: 0, transformer: safeInteger }) dropped!: number;
  @Column('timestamptz', { name: 'dropped_at', nullable: true }) droppedAt!: Date | null;
}
