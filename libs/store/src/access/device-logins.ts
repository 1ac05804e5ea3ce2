import { randomInt } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { cut, printable, Secret } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { DeviceLoginRow } from './device-login-row.js';
import { hashOf, randomSecret } from './random-secret.js';
import type { NewSession } from './sessions.js';

const lifeMinutes = 10;
/**
 * Consonants that are not mistaken for others, so that no word is spelled.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-6.1
 */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const maxAgentCharacters = 200;

const shownColumns = columnsOf(DeviceLoginRow, { only: ['address', 'userAgent', 'createdAt', 'expiresAt'] });
const deviceColumns = columnsOf(DeviceLoginRow, { only: ['address', 'userAgent'] });
const approvedColumns = columnsOf(DeviceLoginRow, { only: ['userId', 'tokenId'] });

/** Sign-in that waits, as its user sees it. */
export type WaitingLogin = RowOf<typeof shownColumns>;

/** Sign-in of a command line that has begun. */
export interface BegunLogin {
  deviceCode: Secret;
  userCode: string;
  expiresAt: Date;
}

/** Answer to a command line; `over` after ten minutes, a refusal, or the first `approved`. */
export type DeviceLoginState = { state: 'pending' | 'over' } | { state: 'approved'; of: NewSession['of'] };

/**
 * Sign-ins of command lines, which a user approves in the browser.
 * @see https://www.rfc-editor.org/rfc/rfc8628
 */
@Injectable()
export class DeviceLogins {
  constructor(private readonly store: Store) {}

  async begin(address: string, userAgent: string): Promise<BegunLogin> {
    const deviceCode = randomSecret();
    const userCode = randomCode();
    const [begun] = await this.store.returning(
      columnsOf(DeviceLoginRow, { only: ['expiresAt'] }),
      `INSERT INTO device_login (hash, user_code, address, user_agent, expires_at)
       VALUES ($1, $2, $3, $4, now() + $5 * interval '1 minute')`,
      [hashOf(deviceCode), userCode, address, cut(printable(userAgent), maxAgentCharacters), lifeMinutes],
    );
    return { deviceCode: new Secret(deviceCode), userCode, expiresAt: begun!.expiresAt };
  }

  /** A sign-in that waits; null when it is over. */
  async waiting(userCode: string): Promise<WaitingLogin | null> {
    const [found] = await this.store.rows(shownColumns, `FROM device_login WHERE user_code = $1 AND ${isWaiting}`, [
      userCode,
    ]);
    return found ?? null;
  }

  /** Approves for the holder of a session; false when it no longer waits. */
  async approve(userCode: string, of: NewSession['of']): Promise<boolean> {
    return this.#answer(
      { userCode, state: 'approved' },
      `UPDATE device_login SET user_id = $2, token_id = $3 WHERE user_code = $1 AND ${isWaiting}`,
      ['userId' in of ? of.userId : null, 'tokenId' in of ? of.tokenId : null],
    );
  }

  /** Refuses; false when it no longer waits. */
  async refuse(userCode: string): Promise<boolean> {
    return this.#answer(
      { userCode, state: 'refused' },
      `DELETE FROM device_login WHERE user_code = $1 AND ${isWaiting}`,
      [],
    );
  }

  async #answer(
    { userCode, state }: { userCode: string; state: 'approved' | 'refused' },
    statement: string,
    parameters: readonly unknown[],
  ): Promise<boolean> {
    // Limits of the caller do not concern the own sign-in.
    return this.store.unlimited(async () =>
      this.store.transaction(async (tx) => {
        const [answered] = await tx.returning(deviceColumns, statement, [userCode, ...parameters]);
        if (answered)
          tx.record({ subject: userCode, before: { ...answered, state: 'waiting' }, after: { ...answered, state } });
        return answered !== undefined;
      }),
    );
  }

  /** State of a sign-in. An approval is returned once. */
  async poll(deviceCode: string): Promise<DeviceLoginState> {
    const hash = hashOf(deviceCode);
    const [approved] = await this.store.returning(
      approvedColumns,
      `DELETE FROM device_login WHERE hash = $1 AND expires_at > now() AND (user_id IS NOT NULL OR token_id IS NOT NULL)`,
      [hash],
    );
    if (approved) {
      const { userId, tokenId } = approved;
      return { state: 'approved', of: userId === null ? { tokenId: tokenId! } : { userId } };
    }
    const waiting = await this.store.query('SELECT FROM device_login WHERE hash = $1 AND expires_at > now()', [hash]);
    return { state: waiting.length > 0 ? 'pending' : 'over' };
  }
}

const isWaiting = 'expires_at > now() AND user_id IS NULL AND token_id IS NULL';

function randomCode(): string {
  const drawn = Array.from({ length: 8 }, () => letters.charAt(randomInt(letters.length))).join('');
  return `${drawn.slice(0, 4)}-${drawn.slice(4)}`;
}
