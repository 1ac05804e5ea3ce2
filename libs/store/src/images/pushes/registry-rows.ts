import type { Digest } from '@tidewaiter/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

import { Permanent } from '../../core/retention.js';

/** A repository that reconciliation has listed. */
@Permanent('one row for each repository')
@Entity('registry_repository')
export class RegistryRepositoryRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_repository_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_repository_pk' }) repository!: string;
  @Column('timestamptz', { name: 'looked_at' }) lookedAt!: Date;
}

/** A connection whose registry was reconciled completely at least once. */
@Permanent('one row for each repository')
@Entity('registry_look')
export class RegistryLookRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_look_pk' }) connection!: string;
  @Column('timestamptz', { name: 'completed_at' }) completedAt!: Date;
}

/** Digest of a tag at the last reconciliation. */
@Permanent('one row for each tag')
@Entity('registry_tag')
export class RegistryTagRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_tag_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_tag_pk' }) repository!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_tag_pk' }) tag!: string;
  @Column('text') digest!: Digest;
}
