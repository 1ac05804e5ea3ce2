import { createHash, randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { InvalidInput, Secret } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { ApiTokenRow, type TokenScope, tokenScopes } from './api-token-row.js';

const columns = columnsOf(ApiTokenRow, { only: ['id', 'name', 'scope'] });
const listedColumns = columnsOf(ApiTokenRow, { omit: ['hash', 'revokedAt'] });

export type ApiToken = RowOf<typeof columns>;

/** A token in a list for users, without its hash. */
export type ListedToken = RowOf<typeof listedColumns>;

/** Whether a token of one scope may do what needs another. */
export function permits(scope: TokenScope, needed: TokenScope): boolean {
  return tokenScopes.indexOf(scope) >= tokenScopes.indexOf(needed);
}

/** Prefix by which secret scanners, our own among them, recognize a token. */
const prefix = 'tide_';
const tokenPattern = /^tide_[A-Za-z0-9_-]{43}$/;
/** Precision of `last_used_at`: an hour shows that a token is in use, and saves a write for every request. */
const lastUsedGrainHours = 1;

/** Tokens for the API: 256 random bits, of which only the hash is kept. */
@Injectable()
export class ApiTokens {
  constructor(private readonly store: Store) {}

  /** Creates the first token of an installation, shown once; null if there has been a token before. */
  async bootstrap(): Promise<Secret | null> {
    const token = newToken();
    const made = await this.store.transaction(async (tx) => {
      // Two consoles that start at the same moment must not both find the table empty.
      await tx.query('LOCK TABLE api_token IN SHARE ROW EXCLUSIVE MODE');
      return tx.query(
        `INSERT INTO api_token (id, name, scope, hash) SELECT $1, 'bootstrap', 'write', $2 WHERE NOT EXISTS (SELECT FROM api_token) RETURNING id`,
        [uuidv7(), hashOf(token)],
      );
    });
    return made.length > 0 ? new Secret(token) : null;
  }

  /**
   * Creates a token, shown once and never again.
   * @throws InvalidInput `TOKEN_NAME_TAKEN` while a token of that name is not revoked
   */
  async make(name: string, scope: TokenScope, expiresAt: Date | null): Promise<Secret> {
    const token = newToken();
    const made = await this.store.query(
      `INSERT INTO api_token (id, name, scope, hash, expires_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING id`,
      [uuidv7(), name, scope, hashOf(token), expiresAt],
    );
    if (made.length === 0) throw new InvalidInput('TOKEN_NAME_TAKEN', `there is a token ${name}: revoke it first`);
    return new Secret(token);
  }

  /** Tokens that are not revoked, oldest first. */
  async list(): Promise<ListedToken[]> {
    return this.store.rows(listedColumns, 'FROM api_token WHERE revoked_at IS NULL ORDER BY id');
  }

  /** Ends a token, and the sessions that it opened; false when there is none of that name. */
  async revoke(name: string): Promise<boolean> {
    const revoked = await this.store.query(
      'UPDATE api_token SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL RETURNING id',
      [name],
    );
    return revoked.length > 0;
  }

  /** Looks up a token by its text; null when it is unknown, expired or revoked. */
  async verify(token: string): Promise<ApiToken | null> {
    if (!tokenPattern.test(token)) return null;
    const [found] = await this.store.rows(
      columns,
      'FROM api_token WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())',
      [hashOf(token)],
    );
    if (!found) return null;
    await this.store.query(
      `UPDATE api_token SET last_used_at = now()
       WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - $2 * interval '1 hour')`,
      [found.id, lastUsedGrainHours],
    );
    return found;
  }
}

function newToken(): string {
  return prefix + randomBytes(32).toString('base64url');
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
