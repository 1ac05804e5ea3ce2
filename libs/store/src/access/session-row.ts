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

import { Retention } from '../core/retention.js';
import { ApiTokenRow } from './api-token-row.js';
import { UserRow } from './user-row.js';

/** Session of a browser, of a user or of the token that opened it. */
@Retention({ days: 30, since: 'expires_at', pace: 'hourly' })
@Entity('console_session')
@Unique('console_session_hash_ux', ['hash'])
export class SessionRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'console_session_pk' }) id!: string;
  /** SHA-256 of the cookie; 256 random bits need no slow hash. */
  @Column('bytea') hash!: Buffer;
  @Index('console_session_user_ix')
  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;
  @ManyToOne(() => UserRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'console_session_user_fk' })
  user?: Relation<UserRow>;
  @Index('console_session_token_ix')
  @Column('uuid', { name: 'token_id', nullable: true })
  tokenId!: string | null;
  @ManyToOne(() => ApiTokenRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'token_id', foreignKeyConstraintName: 'console_session_token_fk' })
  token?: Relation<ApiTokenRow>;
  /** Session at the identity provider (`sid`), which its logout names. */
  @Column('text', { name: 'provider_session', nullable: true }) providerSession!: string | null;
  /** Names the session to the identity provider when it ends here. */
  @Column('text', { name: 'id_token', nullable: true }) idToken!: string | null;
  /** Address that opened it, and its `User-Agent`. */
  @Column('text') address!: string;
  @Column('text', { name: 'user_agent' }) userAgent!: string;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @CreateDateColumn({ name: 'last_used_at', type: 'timestamptz' }) lastUsedAt!: Date;
  /** End of the session however much it is used. */
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
}
