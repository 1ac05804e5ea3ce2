import { Injectable } from '@nestjs/common';
import { InvalidInput, type AccessRole, type AccessScope, Secret } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { ApiTokenRow } from './api-token-row.js';
import { checkLimits } from './limits.js';
import { hashOf, randomSecret } from './random-secret.js';
import { ServiceAccountRow } from './service-account-row.js';

/** Role of a token; one that an earlier release has made meanwhile has only a scope. */
const role = `coalesce(account.role, CASE token.scope WHEN 'gate' THEN 'gate' WHEN 'read' THEN 'viewer' ELSE 'maintainer' END)`;

/** Name, role and limits of a token, as SQL over {@link tokenJoin}. */
export const tokenIdentity = { name: 'coalesce(account.name, token.name)', role, scopes: 'account.scopes' };

export const tokenJoin =
  'api_token AS token LEFT JOIN service_account AS account ON account.id = token.service_account_id';

/** Whether a token counts, as SQL. */
export const validToken =
  'token.id IS NOT NULL AND token.revoked_at IS NULL AND (token.expires_at IS NULL OR token.expires_at > now())';

const columns = columnsOf(ApiTokenRow, { of: 'token', only: ['id'] }).computed<{
  name: string;
  role: AccessRole;
  scopes: AccessScope[] | null;
}>(tokenIdentity);
const listedColumns = columnsOf(ApiTokenRow, {
  of: 'token',
  omit: ['hash', 'revokedAt', 'scope', 'serviceAccountId'],
}).computed<{ account: string; role: AccessRole; scopes: AccessScope[] | null }>({
  ...{ account: tokenIdentity.name, role, scopes: tokenIdentity.scopes },
});

const accountColumns = columnsOf(ServiceAccountRow, { only: ['id', 'name', 'role', 'scopes'] });
const revokedColumns = columnsOf(ApiTokenRow, { only: ['id', 'name', 'createdAt', 'expiresAt', 'revokedAt'] });

type Account = RowOf<typeof accountColumns>;

export type ApiToken = RowOf<typeof columns>;

/** A token in a list for users, without its hash. */
export type ListedToken = RowOf<typeof listedColumns>;

/** Prefix by which secret scanners, our own among them, recognize a token. */
export const tokenPrefix = 'tide_';
const tokenPattern = /^tide_[A-Za-z0-9_-]{43}$/;
/** An hour shows that a token is in use, and saves a write for every request. */
const lastUsedGrainHours = 1;

/** Scope that a console of the release before grants to a token of a role, never more. */
const scopeOf: Readonly<Record<AccessRole, ApiTokenRow['scope']>> = {
  gate: 'gate',
  viewer: 'read',
  responder: 'read',
  maintainer: 'write',
  admin: 'write',
};

/** Tokens for the API: 256 random bits, of which only the hash is kept. */
@Injectable()
export class ApiTokens {
  constructor(private readonly store: Store) {}

  /**
   * Creates a token of the service account of the same name, shown once and never again. The
   * account is created if there is none, and takes the role and the limits while it has no token.
   * @throws InvalidInput `TOKEN_NAME_TAKEN` while a token of that name is not revoked,
   * `SERVICE_ACCOUNT_TAKEN` while the account has other tokens and another role or other limits,
   * `ROLE_NOT_LIMITABLE`
   */
  async make(
    name: string,
    role: AccessRole,
    expiresAt: Date | null,
    scopes: AccessScope[] | null = null,
  ): Promise<Secret> {
    checkLimits(role, scopes);
    return this.store.transaction(async (tx) => {
      const [account] = await tx.returning(
        accountColumns,
        `INSERT INTO service_account AS account (id, name, role, scopes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET role = excluded.role, scopes = excluded.scopes
         WHERE (account.role = excluded.role AND account.scopes IS NOT DISTINCT FROM excluded.scopes) OR NOT EXISTS (
           SELECT FROM api_token WHERE service_account_id = account.id AND revoked_at IS NULL AND name <> account.name)`,
        [uuidv7(), name, role, scopes && json(scopes)],
      );
      if (!account) {
        throw new InvalidInput(
          'SERVICE_ACCOUNT_TAKEN',
          `the service account ${name} has tokens of another role or with other limits`,
        );
      }
      return this.#make(tx, account, name, expiresAt);
    });
  }

  /**
   * Creates a token of a service account, shown once and never again.
   * @throws InvalidInput `TOKEN_NAME_TAKEN`
   */
  async makeFor(account: Account, name: string, expiresAt: Date | null): Promise<Secret> {
    return this.store.transaction(async (tx) => this.#make(tx, account, name, expiresAt));
  }

  /**
   * Creates a token of an account that the settings describe: its role and limits become theirs,
   * also for its earlier tokens. Those that are over for a day are forgotten.
   */
  async makeForSettings(
    { name, role, scopes }: { name: string; role: AccessRole; scopes: AccessScope[] | null },
    expiresAt: Date,
  ): Promise<Secret> {
    checkLimits(role, scopes);
    return this.store.transaction(async (tx) => {
      const [account] = await tx.returning(
        accountColumns,
        `INSERT INTO service_account (id, name, role, scopes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET role = excluded.role, scopes = excluded.scopes`,
        [uuidv7(), name, role, scopes && json(scopes)],
      );
      await tx.query(`DELETE FROM api_token WHERE service_account_id = $1 AND expires_at < now() - interval '1 day'`, [
        account!.id,
      ]);
      return this.#make(tx, account!, `${name} ${uuidv7()}`, expiresAt, name);
    });
  }

  /** Tokens that are not revoked, oldest first. */
  async list(): Promise<ListedToken[]> {
    return this.store.rows(listedColumns, `FROM ${tokenJoin} WHERE token.revoked_at IS NULL ORDER BY token.id`);
  }

  /** Ends a token, and the sessions that it opened; false when there is none of that name. */
  async revoke(name: string): Promise<boolean> {
    return this.#revoke('name = $1', name);
  }

  /** {@link revoke} by id. */
  async revokeById(id: string): Promise<boolean> {
    return this.#revoke('id = $1', id);
  }

  async #revoke(condition: string, value: string): Promise<boolean> {
    return this.store.transaction(async (tx) => {
      const [revoked] = await tx.returning(
        revokedColumns,
        `UPDATE api_token SET revoked_at = now() WHERE ${condition} AND revoked_at IS NULL`,
        [value],
      );
      if (revoked) tx.record({ subject: revoked.name, before: { ...revoked, revokedAt: null }, after: revoked });
      return revoked !== undefined;
    });
  }

  /** Looks up a token by its text; null when it is unknown, expired or revoked. */
  async verify(token: string): Promise<ApiToken | null> {
    if (!tokenPattern.test(token)) return null;
    const [found] = await this.store.rows(columns, `FROM ${tokenJoin} WHERE token.hash = $1 AND ${validToken}`, [
      hashOf(token),
    ]);
    if (!found) return null;
    await this.store.query(
      `UPDATE api_token SET last_used_at = now()
       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - $2 * interval '1 hour')`,
      [found.id, lastUsedGrainHours],
    );
    return found;
  }

  async #make(
    tx: Transaction,
    { id, name: account, role, scopes }: Account,
    name: string,
    expiresAt: Date | null,
    actor?: string,
  ): Promise<Secret> {
    const token = tokenPrefix + randomSecret();
    const made = await tx.query(
      `INSERT INTO api_token (id, name, service_account_id, scope, hash, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING id`,
      // An earlier release knows no limits.
      [uuidv7(), name, id, scopes === null ? scopeOf[role] : 'gate', hashOf(token), expiresAt],
    );
    if (made.length === 0) throw new InvalidInput('TOKEN_NAME_TAKEN', `there is a token ${name}: revoke it first`);
    tx.record({
      subject: name,
      before: null,
      after: { account, role, scopes, expiresAt },
      ...(actor !== undefined && { actor }),
    });
    return new Secret(token);
  }
}
