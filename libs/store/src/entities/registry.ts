import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A repository at which we looked in its registry. */
@Entity('registry_repository')
export class RegistryRepositoryRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_repository_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_repository_pk' }) repository!: string;
  @Column('timestamptz', { name: 'looked_at' }) lookedAt!: Date;
}

/** A connection whose registry was looked at from end to end at least once. */
@Entity('registry_look')
export class RegistryLookRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_look_pk' }) connection!: string;
  @Column('timestamptz', { name: 'completed_at' }) completedAt!: Date;
}

/** What a tag pointed to when we looked last. */
@Entity('registry_tag')
export class RegistryTagRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_tag_pk' }) connection!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_tag_pk' }) repository!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'registry_tag_pk' }) tag!: string;
  @Column('text') digest!: string;
}
