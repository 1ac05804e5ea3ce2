import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { auditRecorded, draft } from '@tidewaiter/events';

import { columnsOf } from '../core/columns.js';
import { valuesOf } from '../core/row-sets.js';
import { json, storable } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { AuditEntryRow } from './audit-row.js';

/** An action of a user, whose changes follow from it. */
export type Act = Pick<AuditEntryRow, 'actor' | 'action' | 'address'> & {
  /** The request: how the object was to be changed. Without secrets. */
  request?: object;
};

/** Result of checking the chain of hashes. */
export interface AuditVerification {
  /** Entries whose hashes were checked. */
  entries: number;
  /** Number of the first entry that does not follow from those before it; null if all do. */
  brokenAt: number | null;
  /**
   * Hash of the last good entry, in hex: kept elsewhere, it also proves that no entry was cut off.
   */
  head: string;
}

const columns = columnsOf(AuditEntryRow);
const added = valuesOf(AuditEntryRow, ['number', 'at', 'actor', 'action', 'subject', 'address', 'details', 'hash']);
const lastColumns = columnsOf(AuditEntryRow, { only: ['number', 'hash'] });

/** Key of the lock under which entries are added one after the other. */
const chainLock = 7_241_907;
const noHash = Buffer.alloc(32);
const verifiedAtOnce = 1_000;

/** Log of the actions of users, in which each entry's hash covers all entries before it. */
@Injectable()
export class AuditLog {
  readonly #acts = new AsyncLocalStorage<Act>();

  constructor(private readonly store: Store) {
    store.beforeCommit(async (tx, changes) => {
      const act = this.#acts.getStore();
      if (!act) return;
      for (const { subject, before, after, actor = act.actor, action = act.action } of changes)
        await this.#add(tx, {
          ...{ actor, action, subject, address: act.address },
          details: { ...requestOf(act), before, after },
        });
    });
  }

  /**
   * Runs `work`. Each change that its transactions record becomes an entry of the same transaction:
   * neither is committed without the other, and an act that changes nothing has no entry.
   */
  async during<Result>(act: Act, work: () => Promise<Result>): Promise<Result> {
    return this.#acts.run(act, work);
  }

  /** Adds the entry of an act that was refused, and so changed nothing. */
  async addRefused(act: Act, subject: string): Promise<void> {
    const { actor, action, address } = act;
    const entry = { actor, action, subject, address, details: requestOf(act) };
    await this.store.transaction(async (tx) => this.#add(tx, entry));
  }

  async #add(
    tx: Transaction,
    { actor, action, subject, address, details }: Omit<AuditEntryRow, 'number' | 'at' | 'hash'>,
  ): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [chainLock]);
    const [last] = await tx.rows(lastColumns, 'FROM audit_entry ORDER BY number DESC LIMIT 1');
    const fields = {
      ...{ number: (last?.number ?? 0) + 1, at: new Date(), action, address },
      // The hash covers what PostgreSQL stores.
      ...{ actor: storable(actor) as string, subject: storable(subject) as string },
      details: JSON.parse(json(details)) as object,
    };
    const entry = { ...fields, hash: hashOf(last?.hash ?? noHash, fields) };
    await tx.query(`INSERT INTO audit_entry (${added.columns}) VALUES (${added.values})`, added.parameters(entry));
    const { number, hash } = entry;
    await tx.emit(draft(auditRecorded, String(number), { number, hash: hash.toString('hex') }));
  }

  /** Whether an entry is there: `12:` and its hash in hex. */
  async has(numberAndHash: string): Promise<boolean> {
    const [, number, hash = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(numberAndHash) ?? [];
    if (number === undefined) return false;
    if (number === '0') return hash === noHash.toString('hex');
    const [entry] = await this.store.rows(lastColumns, 'FROM audit_entry WHERE number = $1', [number]);
    return entry?.hash.toString('hex') === hash;
  }

  /** Checks every entry against the hash of the one before it. */
  async verify(): Promise<AuditVerification> {
    let entries = 0;
    let previous: Buffer = noHash;
    for (;;) {
      const rows = await this.store.rows(columns, 'FROM audit_entry WHERE number > $1 ORDER BY number LIMIT $2', [
        entries,
        verifiedAtOnce,
      ]);
      for (const { hash, ...fields } of rows) {
        const isNext = fields.number === entries + 1 && hash.equals(hashOf(previous, fields));
        if (!isNext) return { entries, brokenAt: entries + 1, head: previous.toString('hex') };
        [entries, previous] = [fields.number, hash];
      }
      if (rows.length < verifiedAtOnce) return { entries, brokenAt: null, head: previous.toString('hex') };
    }
  }
}

function requestOf({ request }: Act): { request?: object } {
  return request === undefined || Object.keys(request).length === 0 ? {} : { request };
}

function hashOf(previous: Buffer, entry: Omit<AuditEntryRow, 'hash'>): Buffer {
  const { number, at, actor, action, subject, address, details } = entry;
  const fields = [number, at.toISOString(), actor, action, subject, address, sorted(details)];
  return createHash('sha256').update(previous).update(JSON.stringify(fields)).digest();
}

/** The value as PostgreSQL returns it: it keeps no order of keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
