import { createHash, randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { Secret } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { Store } from './store.js';

export interface ApiToken {
  id: string;
  name: string;
}

/** The prefix lets secret scanners, our own among them, recognise a token. */
const prefix = 'tide_';
const tokenPattern = /^tide_[A-Za-z0-9_-]{43}$/;
/** The hour is enough to see that a token is in use, and spares a write for every request. */
const lastUsedGrainHours = 1;

/** Tokens for the API: 256 random bits, of which only the hash is kept. */
@Injectable()
export class ApiTokens {
  constructor(private readonly store: Store) {}

  /** Makes the first token of an installation; null when there has been one before. Shown once, never again. */
  async bootstrap(): Promise<Secret | null> {
    const token = prefix + randomBytes(32).toString('base64url');
    const made = await this.store.transaction(async (tx) => {
      // Two consoles that start at the same moment must not both find the table empty.
      await tx.query('LOCK TABLE api_token IN SHARE ROW EXCLUSIVE MODE');
      return tx.query(
        `INSERT INTO api_token (id, name, hash) SELECT $1, 'bootstrap', $2 WHERE NOT EXISTS (SELECT FROM api_token) RETURNING id`,
        [uuidv7(), hashOf(token)],
      );
    });
    return made.length > 0 ? new Secret(token) : null;
  }

  /** Whose token it is; null when it is nobody's, expired or revoked. */
  async verify(token: string): Promise<ApiToken | null> {
    if (!tokenPattern.test(token)) return null;
    const [found] = await this.store.query<ApiToken>(
      `SELECT id, name FROM api_token WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
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

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
