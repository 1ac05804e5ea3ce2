import { Injectable } from '@nestjs/common';
import { InvalidInput, type AccessRole, type AccessScope } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { json } from '../core/storable.js';
import { Store } from '../core/store.js';
import { checkLimits } from './limits.js';
import { ServiceAccountRow } from './service-account-row.js';

const columns = columnsOf(ServiceAccountRow);

export type ServiceAccount = RowOf<typeof columns>;

/** Accounts of programs that call the API. */
@Injectable()
export class ServiceAccounts {
  constructor(private readonly store: Store) {}

  /** @throws InvalidInput `SERVICE_ACCOUNT_TAKEN`, `ROLE_NOT_LIMITABLE` */
  async add(name: string, role: AccessRole, scopes: AccessScope[] | null): Promise<ServiceAccount> {
    checkLimits(role, scopes);
    return this.store.transaction(async (tx) => {
      const [account] = await tx.returning(
        columns,
        `INSERT INTO service_account (id, name, role, scopes) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`,
        [uuidv7(), name, role, scopes && json(scopes)],
      );
      if (!account) throw new InvalidInput('SERVICE_ACCOUNT_TAKEN', `there is a service account ${name}`);
      tx.record({ subject: name, before: null, after: account });
      return account;
    });
  }

  /**
   * Gives an account another role or other limits, which hold for its tokens from their next
   * request on; undefined stays as it is. Null when there is none of that id.
   * @throws InvalidInput `ROLE_NOT_LIMITABLE`
   */
  async change(
    id: string,
    { role, scopes }: { role?: AccessRole | undefined; scopes?: AccessScope[] | null | undefined },
  ): Promise<ServiceAccount | null> {
    return this.store.transaction(async (tx) => {
      const [before] = await tx.rows(columns, 'FROM service_account WHERE id = $1 FOR UPDATE', [id]);
      if (!before) return null;
      const after = { ...before, role: role ?? before.role, scopes: scopes === undefined ? before.scopes : scopes };
      checkLimits(after.role, after.scopes);
      await tx.query('UPDATE service_account SET role = $2, scopes = $3 WHERE id = $1', [
        ...[id, after.role, after.scopes && json(after.scopes)],
      ]);
      tx.record({ subject: before.name, before, after });
      return after;
    });
  }

  /** Service accounts, newest first. */
  async list({ limit, after }: PageRequest): Promise<Page<ServiceAccount>> {
    const rows = await this.store.rows(
      columns,
      'FROM service_account WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2',
      [after ?? null, limit + 1],
    );
    return pageOf(rows, limit);
  }

  async get(id: string): Promise<ServiceAccount | null> {
    const [account] = await this.store.rows(columns, 'FROM service_account WHERE id = $1', [id]);
    return account ?? null;
  }

  /** Deletes an account with its tokens and their sessions; false when there is none of that id. */
  async delete(id: string): Promise<boolean> {
    return this.store.transaction(async (tx) => {
      const [deleted] = await tx.returning(columns, 'DELETE FROM service_account WHERE id = $1', [id]);
      if (deleted) tx.record({ subject: deleted.name, before: deleted, after: null });
      return deleted !== undefined;
    });
  }
}
