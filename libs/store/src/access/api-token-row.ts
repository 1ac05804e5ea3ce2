import { Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

import { Permanent } from '../core/retention.js';

/** Scopes of tokens, each including those before it: ask a gate, read everything, change things. */
export const tokenScopes = ['gate', 'read', 'write'] as const;

export type TokenScope = (typeof tokenScopes)[number];

/** API tokens. */
@Permanent('until it is revoked')
@Entity('api_token')
@Unique('api_token_hash_ux', ['hash'])
@Index('api_token_name_ux', ['name'], { unique: true, where: 'revoked_at IS NULL' })
export class ApiTokenRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_token_pk' }) id!: string;
  @Column('text') name!: string;
  @Column('text') scope!: TokenScope;
  /** SHA-256 of the token; 256 random bits need no slow hash. */
  @Column('bytea') hash!: Buffer;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
  @Column('timestamptz', { name: 'last_used_at', nullable: true }) lastUsedAt!: Date | null;
  @Column('timestamptz', { name: 'revoked_at', nullable: true }) revokedAt!: Date | null;
}
