import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { columnsOf } from '../core/columns.js';
import { valuesOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { AuditEntryRow } from './audit-row.js';

/** An action to record. */
export type AuditRecord = Pick<AuditEntryRow, 'actor' | 'action' | 'subject' | 'address' | 'details'>;

interface Act extends AuditRecord {
  isRecorded: boolean;
}

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
    store.beforeCommit(async (tx) => {
      const act = this.#acts.getStore();
      if (!act || act.isRecorded) return;
      await this.#add(tx, act);
      act.isRecorded = true;
    });
  }

  /**
   * Runs `work`, whose first transaction adds the entry: neither is committed without the other.
   * After work that had no transaction, such as a single statement, the entry follows.
   */
  async during<Result>(record: AuditRecord, work: () => Promise<Result>): Promise<Result> {
    const act = { ...record, isRecorded: false };
    return this.#acts.run(act, async () => {
      const result = await work();
      if (act.isRecorded) return result;
      act.isRecorded = true;
      await this.store.transaction(async (tx) => this.#add(tx, act));
      return result;
    });
  }

  /** Replaces subject and details of the action that is under way: its body may hold secrets. */
  describe(record: Pick<AuditRecord, 'subject' | 'details'>): void {
    const act = this.#acts.getStore();
    if (act && !act.isRecorded) Object.assign(act, record);
  }

  async #add(tx: Transaction, { actor, action, subject, address, details }: AuditRecord): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [chainLock]);
    const [last] = await tx.rows(lastColumns, 'FROM audit_entry ORDER BY number DESC LIMIT 1');
    const fields = { number: (last?.number ?? 0) + 1, at: new Date(), actor, action, subject, address, details };
    const entry = { ...fields, hash: hashOf(last?.hash ?? noHash, fields) };
    await tx.query(`INSERT INTO audit_entry (${added.columns}) VALUES (${added.values})`, added.parameters(entry));
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
