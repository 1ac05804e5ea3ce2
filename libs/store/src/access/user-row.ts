import type { AccessRole, AccessScope } from '@tidewaiter/domain';
import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

import { Permanent } from '../core/retention.js';

/** Issuer of the administrator that a setup link makes. */
export const localIssuer = 'local';

/** Person who signs in to the console. */
@Permanent('the identity provider limits them, and records name them')
@Entity('console_user')
@Unique('console_user_subject_ux', ['issuer', 'subject'])
@Unique('console_user_name_ux', ['name'])
export class UserRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'console_user_pk' }) id!: string;
  /** Issuer of OpenID Connect, or `local`. */
  @Column('text') issuer!: string;
  @Column('text') subject!: string;
  /** Name under which acts are recorded. */
  @Column('text') name!: string;
  @Column('text', { nullable: true }) email!: string | null;
  /** Role by the groups of the last sign-in. */
  @Column('text', { name: 'group_role', nullable: true }) groupRole!: AccessRole | null;
  /** Role that an administrator has assigned, in place of that of the groups. */
  @Column('text', { name: 'assigned_role', nullable: true }) assignedRole!: AccessRole | null;
  /** Limits by the groups of the last sign-in; null without. */
  @Column('jsonb', { name: 'group_scopes', nullable: true }) groupScopes!: AccessScope[] | null;
  /** Limits that an administrator has assigned with the role; null without. */
  @Column('jsonb', { name: 'assigned_scopes', nullable: true }) assignedScopes!: AccessScope[] | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'last_sign_in_at', nullable: true }) lastSignInAt!: Date | null;
  @Column('timestamptz', { name: 'disabled_at', nullable: true }) disabledAt!: Date | null;
}
