import { Injectable } from '@nestjs/common';
import { cut, printable, type AccessRole, type AccessScope, Secret } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { Store } from '../core/store.js';
import { tokenIdentity, tokenJoin, tokenPrefix, validToken } from './api-tokens.js';
import type { ApiCaller } from './caller.js';
import { hashOf, randomSecret } from './random-secret.js';
import { SessionRow } from './session-row.js';
import { userRole, userScopes } from './users.js';

const secretPattern = /^[\w-]{43}$/;

/** Bearer token of a session, for callers without cookies. */
export function sessionToken(secret: Secret): Secret {
  return new Secret(`${tokenPrefix}${secret.reveal()}`);
}

/** Secret of a session whose bearer token this is; null for another text. */
export function sessionSecretOf(token: string): string | null {
  const secret = token.startsWith(tokenPrefix) ? token.slice(tokenPrefix.length) : '';
  return secretPattern.test(secret) ? secret : null;
}

/** A minute shows that a session is in use, and saves a write for every request. */
const lastUsedGrainSeconds = 60;
const maxAgentCharacters = 200;

const kind = `CASE WHEN session.user_id IS NULL THEN 'service-account' ELSE 'user' END`;
const holder = {
  kind,
  name: `coalesce(person.name, ${tokenIdentity.name})`,
  role: `coalesce(${userRole}, ${tokenIdentity.role})`,
  scopes: `CASE WHEN session.user_id IS NULL THEN ${tokenIdentity.scopes} ELSE ${userScopes} END`,
};
interface Holder {
  kind: ApiCaller['kind'];
  name: string;
  role: AccessRole;
  scopes: AccessScope[] | null;
}

const holderColumns = columnsOf(SessionRow, {
  of: 'session',
  only: ['address', 'userAgent', 'createdAt', 'expiresAt'],
}).computed<Holder>(holder);
const callerColumns = columnsOf(SessionRow, { of: 'session', only: ['id', 'expiresAt'] }).computed<
  Holder & { holderId: string }
>({ ...holder, holderId: 'coalesce(session.user_id, session.token_id)' });
const listedColumns = columnsOf(SessionRow, {
  of: 'session',
  only: ['id', 'address', 'userAgent', 'createdAt', 'lastUsedAt', 'expiresAt'],
}).computed<Holder>(holder);

const sessionsWithHolders = `FROM console_session AS session
  LEFT JOIN console_user AS person ON person.id = session.user_id
  LEFT JOIN (${tokenJoin}) ON token.id = session.token_id`;

/** Sessions whose user or token may still sign in; $1 is the idle time in milliseconds. */
const live = `${sessionsWithHolders}
  WHERE session.ended_at IS NULL AND session.expires_at > now()
    AND session.last_used_at > now() - $1 * interval '1 millisecond'
    AND (person.disabled_at IS NULL AND ${userRole} IS NOT NULL OR ${validToken})`;

const providerEndedColumns = columnsOf(SessionRow, {
  of: 'session',
  only: ['id', 'address', 'userAgent', 'createdAt', 'expiresAt'],
}).computed<{ name: string }>({ name: 'person.name' });
const endedColumns = columnsOf(SessionRow, { only: ['id', 'idToken'] });

export type EndedSession = RowOf<typeof endedColumns>;

export type ListedSession = RowOf<typeof listedColumns>;

/** Time limits of sessions, in milliseconds. */
export interface SessionLimits {
  /** Time without a request. */
  idleMs: number;
  absoluteMs: number;
}

export interface NewSession {
  /** User, or token that opened it. */
  of: { userId: string } | { tokenId: string };
  address: string;
  userAgent: string;
  /** Secret of the session that the browser has had, which ends. */
  replaces: string | null;
  providerSession?: string | null;
  idToken?: string | null;
}

/** Sessions of browsers: 256 random bits in a cookie, of which only the hash is kept. */
@Injectable()
export class Sessions {
  constructor(private readonly store: Store) {}

  /** Opens a session; returns its secret. */
  async open(session: NewSession, { absoluteMs }: Pick<SessionLimits, 'absoluteMs'>): Promise<Secret> {
    const secret = randomSecret();
    const { of, address, replaces, providerSession = null, idToken = null } = session;
    const userAgent = cut(printable(session.userAgent), maxAgentCharacters);
    const id = uuidv7();
    await this.store.transaction(async (tx) => {
      if (replaces !== null) {
        await tx.query('UPDATE console_session SET ended_at = now() WHERE hash = $1 AND ended_at IS NULL', [
          hashOf(replaces),
        ]);
      }
      await tx.query(
        `INSERT INTO console_session (id, hash, user_id, token_id, provider_session, id_token, address, user_agent, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 millisecond')`,
        [
          id,
          hashOf(secret),
          'userId' in of ? of.userId : null,
          'tokenId' in of ? of.tokenId : null,
          providerSession,
          idToken,
          address,
          userAgent,
          absoluteMs,
        ],
      );
      const [opened] = await tx.rows(holderColumns, `${sessionsWithHolders} WHERE session.id = $1`, [id]);
      tx.record({ subject: id, before: null, after: opened!, actor: opened!.name, action: 'sign-in.succeeded' });
    });
    return new Secret(secret);
  }

  /**
   * Looks up the user or service account of a session; null when it is unknown or over, or when
   * its user or token may not sign in any more.
   */
  async verify(secret: string, { idleMs }: Pick<SessionLimits, 'idleMs'>): Promise<ApiCaller | null> {
    if (!secretPattern.test(secret)) return null;
    const [found] = await this.store.rows(callerColumns, `${live} AND session.hash = $2`, [idleMs, hashOf(secret)]);
    if (!found) return null;
    await this.store.query(
      `UPDATE console_session SET last_used_at = now()
       WHERE id = $1 AND last_used_at < now() - $2 * interval '1 second'`,
      [found.id, lastUsedGrainSeconds],
    );
    const { holderId, id, expiresAt, ...rest } = found;
    return { ...rest, id: holderId, session: { id, expiresAt } };
  }

  /** Live sessions, newest first. */
  async list({ limit, after }: PageRequest, { idleMs }: Pick<SessionLimits, 'idleMs'>): Promise<Page<ListedSession>> {
    const rows = await this.store.rows(
      listedColumns,
      `${live} AND ($2::uuid IS NULL OR session.id < $2) ORDER BY session.id DESC LIMIT $3`,
      [idleMs, after ?? null, limit + 1],
    );
    return pageOf(rows, limit);
  }

  /** Ends a session; null when there is none of that id, or it has ended. */
  async end(id: string): Promise<EndedSession | null> {
    // A caller with limits ends the own session, too.
    return this.store.unlimited(async () =>
      this.store.transaction(async (tx) => {
        const [before] = await tx.rows(holderColumns, `${sessionsWithHolders} WHERE session.id = $1`, [id]);
        const [ended] = await tx.returning(
          endedColumns,
          'UPDATE console_session SET ended_at = now() WHERE id = $1 AND ended_at IS NULL',
          [id],
        );
        if (ended && before) tx.record({ subject: id, before, after: null });
        return ended ?? null;
      }),
    );
  }

  /**
   * Ends sessions that the identity provider names, by its session, its user or both.
   * @param before sessions that were opened later stay, so that a replayed request is harmless
   */
  async endOfProvider(
    issuer: string,
    { subject, providerSession }: { subject: string | null; providerSession: string | null },
    before: Date,
  ): Promise<void> {
    await this.store.transaction(async (tx) => {
      const ended = await tx.returning(
        providerEndedColumns,
        `UPDATE console_session AS session SET ended_at = now() FROM console_user AS person
       WHERE person.id = session.user_id AND person.issuer = $1 AND session.ended_at IS NULL
         AND ($2::text IS NULL OR person.subject = $2) AND ($3::text IS NULL OR session.provider_session = $3)
         AND ($2::text IS NOT NULL OR $3::text IS NOT NULL) AND session.created_at <= $4`,
        [issuer, subject, providerSession, before],
      );
      for (const { id, name, ...opened } of ended)
        tx.record({ subject: id, before: { name, ...opened }, after: null, actor: issuer });
    });
  }
}
