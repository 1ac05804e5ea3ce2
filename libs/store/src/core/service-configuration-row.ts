import { Column, Entity, PrimaryColumn } from 'typeorm';

import { Retention } from './retention.js';

/**
 * The configuration that one process of a service runs with. Rows of processes that are gone are
 * deleted after a day.
 */
@Retention({ days: 1, since: 'seen_at', pace: 'hourly' })
@Entity('service_configuration')
export class ServiceConfigurationRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'service_configuration_pk' }) service!: string;
  /** Host and process. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'service_configuration_pk' }) instance!: string;
  @Column('timestamptz', { name: 'loaded_at' }) loadedAt!: Date;
  @Column('timestamptz', { name: 'seen_at' }) seenAt!: Date;
  /** Error because of which the current files are not in use; null if they are. */
  @Column('text', { name: 'error_code', nullable: true }) errorCode!: string | null;
  @Column('text', { name: 'error_message', nullable: true }) errorMessage!: string | null;
  /** Managed entries that its files override, or would if they were there: `routing`. */
  @Column('text', { array: true, default: '{}' }) overridden!: string[];
  /** Text of the `routing.yaml` in effect, without its secrets; null without one. */
  @Column('text', { nullable: true }) routing!: string | null;
}
