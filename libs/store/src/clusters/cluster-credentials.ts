import { Injectable } from '@nestjs/common';
import type { AgentStatus } from '@tidewaiter/agent-protocol';
import { AccessDenied, Secret } from '@tidewaiter/domain';

import { hashOf, randomSecret } from '../access/random-secret.js';
import { columnsOf, type RowOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import { Store } from '../core/store.js';
import { ClusterRow } from './cluster-row.js';

/** Days for which a credential counts: an agent may be cut off for as long. */
const lifeDays = 7;
/** Age from which on agents ask for the next one. */
const rotateAfterHours = 24;
/** Time for which the one before still counts, as the answer with the new one may be lost. */
const overlapMinutes = 15;

const joinPattern = /^tide_join_[A-Za-z0-9_-]{43}$/;
const credentialPattern = /^tide_agent_[A-Za-z0-9_-]{43}$/;

const agentColumns = columnsOf(ClusterRow, { only: ['id', 'name', 'agentInstance'] });
const issuedColumns = columnsOf(ClusterRow, { only: ['name', 'joinedAt', 'credentialExpiresAt'] }).notNull(
  'credentialExpiresAt',
);

/** The cluster of an authenticated agent. */
export type AgentCluster = RowOf<typeof agentColumns>;

/** A credential, which is shown once. */
export interface IssuedCredential {
  cluster: string;
  credential: Secret;
  expiresAt: Date;
  rotateAt: Date;
}

/**
 * Credentials of agents: 256 random bits, of which only the hash is kept. A check reads the
 * database, so that a removed cluster is refused at once.
 */
@Injectable()
export class ClusterCredentials {
  constructor(private readonly store: Store) {}

  /**
   * Exchanges a join token, once; the same agent may repeat that for a while, as its answer may be
   * lost. The agent that had joined before is refused from now on.
   * @throws AccessDenied `JOIN_TOKEN_INVALID`
   */
  async join(token: string, agent: { version: string; instance: string }): Promise<IssuedCredential> {
    if (!joinPattern.test(token)) throw invalidToken();
    const credential = newCredential();
    return this.store.transaction(async (tx) => {
      const [joined] = await tx.returning(
        issuedColumns,
        `UPDATE cluster SET join_hash = NULL, join_expires_at = NULL, repeated_join_hash = $6,
           joined_at = CASE WHEN join_hash = $1 THEN now() ELSE joined_at END, previous_hash = NULL, previous_expires_at = NULL, credential_hash = $2, credential_expires_at = now() + $3 * interval '1 day',
           agent_version = $4, agent_instance = $5, heard_at = NULL, last_event_at = NULL, lag_ms = 0,
           waiting_bytes = 0, dropped = '{}', problems = '{}'
         WHERE (join_hash = $1 AND join_expires_at > now())
           OR (repeated_join_hash = $6 AND joined_at > now() - $7 * interval '1 minute')`,
        [
          ...[hashOf(token), hashOf(credential), lifeDays, agent.version, agent.instance],
          ...[hashOf(`${token} ${agent.instance}`), overlapMinutes],
        ],
      );
      if (!joined) throw invalidToken();
      const { name, joinedAt, credentialExpiresAt } = joined;
      tx.record({ subject: name, before: null, after: { joinedAt, credentialExpiresAt, ...agent } });
      return issued(name, credential, credentialExpiresAt);
    });
  }

  /** The cluster of a credential. @throws AccessDenied `AGENT_CREDENTIAL_INVALID` */
  async verify(credential: string): Promise<AgentCluster> {
    if (!credentialPattern.test(credential)) throw invalidCredential();
    const [found] = await this.store.rows(agentColumns, `FROM cluster WHERE ${isValid}`, [hashOf(credential)]);
    if (!found) throw invalidCredential();
    return found;
  }

  /**
   * Replaces a credential. The one before counts for a while, and may ask again: the agent may not
   * have received the answer.
   * @throws AccessDenied `AGENT_CREDENTIAL_INVALID`
   */
  async rotate(credential: string): Promise<IssuedCredential> {
    const next = newCredential();
    const [rotated] = await this.store.returning(
      issuedColumns,
      `UPDATE cluster SET credential_hash = $2, credential_expires_at = now() + $3 * interval '1 day', previous_hash = $1,
         previous_expires_at = CASE WHEN previous_hash = $1 THEN previous_expires_at
           ELSE least(credential_expires_at, now() + $4 * interval '1 minute') END
       WHERE ${isValid}`,
      [hashOf(credential), hashOf(next), lifeDays, overlapMinutes],
    );
    if (!rotated) throw invalidCredential();
    return issued(rotated.name, next, rotated.credentialExpiresAt);
  }

  /** Stores what an agent reports about itself. */
  async report({ id }: Pick<AgentCluster, 'id'>, status: AgentStatus): Promise<void> {
    const { version, instance, lastEventAt, lagMs, waitingBytes, dropped, problems } = status;
    await this.store.query(
      `UPDATE cluster SET agent_version = $2, agent_instance = $3, heard_at = now(), last_event_at = $4, lag_ms = $5,
         waiting_bytes = $6, dropped = $7, problems = $8
       WHERE id = $1`,
      [id, version, instance, lastEventAt, lagMs, waitingBytes, json(dropped), json(problems)],
    );
  }
}

const isValid = `((credential_hash = $1 AND credential_expires_at > now())
  OR (previous_hash = $1 AND previous_expires_at > now()))`;

function newCredential(): string {
  return `tide_agent_${randomSecret()}`;
}

function issued(cluster: string, credential: string, expiresAt: Date): IssuedCredential {
  const rotateAt = new Date(expiresAt.getTime() - lifeDays * 86_400_000 + rotateAfterHours * 3_600_000);
  return { cluster, credential: new Secret(credential), expiresAt, rotateAt };
}

function invalidToken(): AccessDenied {
  return new AccessDenied('JOIN_TOKEN_INVALID', 'the join token is unknown, used or expired');
}

function invalidCredential(): AccessDenied {
  return new AccessDenied('AGENT_CREDENTIAL_INVALID', 'the credential of the agent is unknown, expired or revoked');
}
