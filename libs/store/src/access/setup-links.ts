import { Injectable } from '@nestjs/common';
import { Secret } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf } from '../core/columns.js';
import { Store, type Transaction } from '../core/store.js';
import { hashOf, randomSecret } from './random-secret.js';
import { SetupLinkRow } from './setup-link-row.js';
import { localIssuer, UserRow } from './user-row.js';

const lifeMinutes = 60;

const anAdministrator = `
  SELECT FROM console_user WHERE coalesce(assigned_role, group_role) = 'admin' AND disabled_at IS NULL
  UNION ALL
  SELECT FROM api_token AS token JOIN service_account AS account ON account.id = token.service_account_id
  WHERE account.role = 'admin' AND token.revoked_at IS NULL AND (token.expires_at IS NULL OR token.expires_at > now())`;

/** Links that make the first administrator: each for an hour, and all together once. */
@Injectable()
export class SetupLinks {
  constructor(private readonly store: Store) {}

  /** Makes the secret of a link; null while there is an administrator. */
  async make(): Promise<Secret | null> {
    const secret = randomSecret();
    return this.store.transaction(async (tx) => {
      const [made] = await tx.returning(
        columnsOf(SetupLinkRow, { only: ['expiresAt'] }),
        `INSERT INTO setup_link (hash, expires_at) SELECT $1, now() + $2 * interval '1 minute'
         WHERE NOT EXISTS (${anAdministrator})`,
        [hashOf(secret), lifeMinutes],
      );
      if (!made) return null;
      tx.record({ subject: 'setup link', before: null, after: made });
      return new Secret(secret);
    });
  }

  /** Uses up all links; returns the id of the administrator, or null if the link is worthless. */
  async redeem(secret: string): Promise<string | null> {
    return this.store.transaction(async (tx) => {
      // The second of two links or uses at once waits here, and then finds none.
      await tx.query('LOCK TABLE setup_link IN SHARE ROW EXCLUSIVE MODE');
      const used = await tx.query('SELECT FROM setup_link WHERE hash = $1 AND expires_at > now()', [hashOf(secret)]);
      if (used.length === 0) return null;
      await tx.query('DELETE FROM setup_link');
      const present = await tx.query(`${anAdministrator} LIMIT 1`);
      return present.length > 0 ? null : makeAdministrator(tx);
    });
  }
}

async function makeAdministrator(tx: Transaction): Promise<string> {
  const [made] = await tx.returning(
    columnsOf(UserRow, { only: ['id', 'name', 'assignedRole'] }),
    `INSERT INTO console_user (id, issuer, subject, name, assigned_role, last_sign_in_at)
     VALUES ($1, $2, 'admin', 'admin', 'admin', now())
     ON CONFLICT (issuer, subject) DO UPDATE SET assigned_role = 'admin', disabled_at = NULL, last_sign_in_at = now()`,
    [uuidv7(), localIssuer],
  );
  const { id, name, assignedRole: role } = made!;
  tx.record({ subject: name, before: null, after: { role }, actor: name });
  return id;
}
