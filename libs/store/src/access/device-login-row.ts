import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryColumn, type Relation, Unique } from 'typeorm';

import { Retention } from '../core/retention.js';
import { ApiTokenRow } from './api-token-row.js';
import { UserRow } from './user-row.js';

/** Sign-in of a command line that waits for approval in a browser. */
@Retention({ days: 1, since: 'expires_at', pace: 'hourly' })
@Entity('device_login')
@Unique('device_login_user_code_ux', ['userCode'])
export class DeviceLoginRow {
  /** SHA-256 of the secret by which the command line asks for the result. */
  @PrimaryColumn('bytea', { primaryKeyConstraintName: 'device_login_pk' }) hash!: Buffer;
  /** Code that the user compares or types: `BCDF-GHJK`. */
  @Column('text', { name: 'user_code' }) userCode!: string;
  /** Address and `User-Agent` of the command line. */
  @Column('text') address!: string;
  @Column('text', { name: 'user_agent' }) userAgent!: string;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at' }) expiresAt!: Date;
  /** User or token whose session approved it; both null while it waits. */
  @Column('uuid', { name: 'user_id', nullable: true }) userId!: string | null;
  @ManyToOne(() => UserRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'device_login_user_fk' })
  user?: Relation<UserRow>;
  @Column('uuid', { name: 'token_id', nullable: true }) tokenId!: string | null;
  @ManyToOne(() => ApiTokenRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'token_id', foreignKeyConstraintName: 'device_login_token_fk' })
  token?: Relation<ApiTokenRow>;
}
