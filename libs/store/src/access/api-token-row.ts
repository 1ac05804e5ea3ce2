import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
  Unique,
} from 'typeorm';

import { Permanent } from '../core/retention.js';
import { ServiceAccountRow } from './service-account-row.js';

/** API tokens. */
@Permanent('until it is revoked')
@Entity('api_token')
@Unique('api_token_hash_ux', ['hash'])
@Index('api_token_name_ux', ['name'], { unique: true, where: 'revoked_at IS NULL' })
export class ApiTokenRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_token_pk' }) id!: string;
  @Column('text') name!: string;
  /** Null for tokens that an earlier release has made or revoked. */
  @Index('api_token_service_account_ix')
  @Column('uuid', { name: 'service_account_id', nullable: true })
  serviceAccountId!: string | null;
  @ManyToOne(() => ServiceAccountRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'service_account_id', foreignKeyConstraintName: 'api_token_service_account_fk' })
  serviceAccount?: Relation<ServiceAccountRow>;
  /** Read by consoles of the release that had scopes in place of roles. */
  @Column('text') scope!: 'gate' | 'read' | 'write';
  /** SHA-256 of the token; 256 random bits need no slow hash. */
  @Column('bytea') hash!: Buffer;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt!: Date | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
