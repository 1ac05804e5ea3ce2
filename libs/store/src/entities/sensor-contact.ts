import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A configured sensor, and when it was last heard. Only ingest writes it. */
@Entity('sensor_contact')
export class SensorContactRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'sensor_contact_pk' }) sensor!: string;
  @Column('text') kind!: string;
  @Column('timestamptz', { name: 'heard_at', nullable: true }) heardAt!: Date | null;
  /** Set while people think that it is silent. */
  @Column('timestamptz', { name: 'silent_since', nullable: true }) silentSince!: Date | null;
  @Column('bigint', { default: 0 }) records!: string;
  /** Events that it says it lost. */
  @Column('bigint', { default: 0 }) dropped!: string;
  @Column('timestamptz', { name: 'dropped_at', nullable: true }) droppedAt!: Date | null;
}
