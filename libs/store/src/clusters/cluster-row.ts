import { Column, CreateDateColumn, Entity, PrimaryColumn, Unique } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { Permanent } from '../core/retention.js';

/** A cluster with an agent, or with a join token that waits for one. */
@Permanent('one row for each cluster, until it is removed')
@Entity('cluster')
@Unique('cluster_name_ux', ['name'])
export class ClusterRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'cluster_pk' }) id!: string;
  @Column('text') name!: string;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
  /** SHA-256 of the join token; null once it is used. */
  @Column('bytea', { name: 'join_hash', nullable: true }) joinHash!: Buffer | null;
  @Column('timestamptz', { name: 'join_expires_at', nullable: true }) joinExpiresAt!: Date | null;
  /** When an agent last exchanged a join token. */
  @Column('timestamptz', { name: 'joined_at', nullable: true }) joinedAt!: Date | null;
  /**
   * SHA-256 of the last used join token with the agent that used it: it exchanges the token again
   * if its answer was lost.
   */
  @Column('bytea', { name: 'repeated_join_hash', nullable: true }) repeatedJoinHash!: Buffer | null;
  /** SHA-256 of the agent's credential; null before it has joined. */
  @Column('bytea', { name: 'credential_hash', nullable: true }) credentialHash!: Buffer | null;
  @Column('timestamptz', { name: 'credential_expires_at', nullable: true }) credentialExpiresAt!: Date | null;
  /** Credential before the rotation, valid for a while: the answer with the new one may be lost. */
  @Column('bytea', { name: 'previous_hash', nullable: true }) previousHash!: Buffer | null;
  @Column('timestamptz', { name: 'previous_expires_at', nullable: true }) previousExpiresAt!: Date | null;
  @Column('text', { name: 'agent_version', nullable: true }) agentVersion!: string | null;
  @Column('text', { name: 'agent_instance', nullable: true }) agentInstance!: string | null;
  /** When the agent last reported its status. */
  @Column('timestamptz', { name: 'heard_at', nullable: true }) heardAt!: Date | null;
  @Column('timestamptz', { name: 'last_event_at', nullable: true }) lastEventAt!: Date | null;
  /** Age of the oldest event that waited at the agent, when it reported. */
  @Column('bigint', { name: 'lag_ms', default: 0, transformer: safeInteger }) lagMs!: number;
  @Column('bigint', { name: 'waiting_bytes', default: 0, transformer: safeInteger }) waitingBytes!: number;
  /** Events that the agent lost, by source. */
  @Column('jsonb', { default: {} }) dropped!: Record<string, number>;
  /** Problems of the agent, by part. */
  @Column('jsonb', { default: {} }) problems!: Record<string, string>;
}
