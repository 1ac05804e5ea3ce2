import type { AccessRole, AccessScope } from '@tidewaiter/domain';
import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

import { Permanent } from '../core/retention.js';

/** Program that calls the API with tokens of its own. */
@Permanent('administrators make and delete them')
@Entity('service_account')
@Unique('service_account_name_ux', ['name'])
export class ServiceAccountRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'service_account_pk' }) id!: string;
  @Column('text') name!: string;
  @Column('text') role!: AccessRole;
  /** Parts of the fleet of which it sees all that one holds; null without limits. */
  @Column('jsonb', { nullable: true }) scopes!: AccessScope[] | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
