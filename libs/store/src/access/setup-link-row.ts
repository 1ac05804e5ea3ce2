import { Column, Entity, PrimaryColumn } from 'typeorm';

import { Retention } from '../core/retention.js';

/** Link that makes the first administrator. */
@Retention({ days: 1, since: 'expires_at', pace: 'hourly' })
@Entity('setup_link')
export class SetupLinkRow {
  /** SHA-256 of the secret in the link. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'setup_link_pk' }) hash!: Buffer;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
}
