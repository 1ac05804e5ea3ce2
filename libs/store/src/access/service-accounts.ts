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
    const [account] = await this.store.returning(
      columns,
      `INSERT INTO service_account (id, name, role, scopes) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`,
      [uuidv7(), name, role, scopes && json(scopes)],
    );
    if (!account) throw new InvalidInput('SERVICE_ACCOUNT_TAKEN', `there is a service account ${name}`);
    return account;
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
    const deleted = await this.store.query('DELETE FROM service_account WHERE id = $1 RETURNING id', [id]);
    return deleted.length > 0;
  }
}
