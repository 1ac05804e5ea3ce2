import { Injectable } from '@nestjs/common';
import { isClusterName } from '@tidewaiter/agent-protocol';
import { InvalidInput, NotFound, Secret } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { hashOf, randomSecret } from '../access/random-secret.js';
import { columnsOf, type RowOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { ClusterRow } from './cluster-row.js';

const joinTokenHours = 1;

const columns = columnsOf(ClusterRow, {
  omit: ['joinHash', 'repeatedJoinHash', 'credentialHash', 'previousHash', 'previousExpiresAt', 'agentInstance'],
});
const recordedColumns = columnsOf(ClusterRow, { only: ['name', 'createdAt', 'joinedAt', 'joinExpiresAt'] });
const before = columnsOf(ClusterRow, { only: ['joinedAt', 'joinExpiresAt'] });

/** A cluster in a list for users, without hashes. */
export type ListedCluster = RowOf<typeof columns>;

/** Token that an agent exchanges once for its credential. */
export interface JoinToken {
  token: Secret;
  expiresAt: Date;
}

/** Clusters as administrators add and remove them. */
@Injectable()
export class Clusters {
  constructor(private readonly store: Store) {}

  /** Every cluster, by name. */
  async list(): Promise<ListedCluster[]> {
    return this.store.rows(columns, 'FROM cluster ORDER BY name');
  }

  /**
   * Makes a join token, shown once; an earlier one of the cluster no longer counts. An agent that
   * has joined works until the token is used.
   * @throws InvalidInput `CLUSTER_NAME_INVALID`
   */
  async invite(name: string): Promise<JoinToken> {
    if (!isClusterName(name))
      throw new InvalidInput('CLUSTER_NAME_INVALID', 'use up to 63 of a-z, 0-9, dot, dash and underscore');
    const token = `tide_join_${randomSecret()}`;
    return this.store.transaction(async (tx) => {
      const [known] = await tx.rows(before, 'FROM cluster WHERE name = $1 FOR UPDATE', [name]);
      const [invited] = await tx.returning(
        recordedColumns.notNull('joinExpiresAt'),
        `INSERT INTO cluster (id, name, join_hash, join_expires_at) VALUES ($1, $2, $3, now() + $4 * interval '1 hour')
         ON CONFLICT (name) DO UPDATE SET join_hash = excluded.join_hash, join_expires_at = excluded.join_expires_at,
           repeated_join_hash = NULL`,
        [uuidv7(), name, hashOf(token), joinTokenHours],
      );
      tx.record({ subject: name, before: known ?? null, after: invited! });
      return { token: new Secret(token), expiresAt: invited!.joinExpiresAt };
    });
  }

  /**
   * Removes a cluster: from now on its agent is refused.
   * @throws NotFound `CLUSTER_UNKNOWN`
   */
  async remove(name: string): Promise<void> {
    await this.store.transaction(async (tx) => {
      const [removed] = await tx.returning(recordedColumns, 'DELETE FROM cluster WHERE name = $1', [name]);
      if (!removed) throw new NotFound('CLUSTER_UNKNOWN', `no cluster ${name}`);
      tx.record({ subject: name, before: removed, after: null });
    });
  }
}
