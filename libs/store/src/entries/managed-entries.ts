import { Injectable } from '@nestjs/common';
import { type ManagedKind, entryNouns, InvalidInput, type ManagedEntrySet, NotFound } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../core/columns.js';
import { valuesOf } from '../core/row-sets.js';
import { type Queries, Store, type Transaction } from '../core/store.js';
import { ManagedEntryRow } from './entry-rows.js';

const columns = columnsOf(ManagedEntryRow);
const currentColumns = columnsOf(ManagedEntryRow, { only: ['kind', 'name', 'document', 'sealed'] });
const added = valuesOf(ManagedEntryRow, [
  'kind',
  'name',
  'version',
  'revision',
  'document',
  'sealed',
  'author',
  'at',
  'comment',
  'isDeleted',
]);

/** A version of an entry. */
export type EntryVersion = RowOf<typeof columns>;

/** A change: the next version of an entry. */
export interface EntryChange extends Pick<
  ManagedEntryRow,
  'kind' | 'name' | 'document' | 'sealed' | 'author' | 'comment' | 'isDeleted'
> {
  /** Version that the caller has seen; null for an entry that is new. */
  before: number | null;
}

/** Lock under which changes get their revisions, so that these become visible in order. */
const revisionLock = 7_241_908;
/** Versions of an entry that the history lists. */
const maxVersions = 200;

/** Newest versions of entries, without deleted ones. */
export const newestVersions = (condition: string) =>
  `(SELECT * FROM (SELECT DISTINCT ON (kind, name) * FROM managed_entry WHERE ${condition} ORDER BY kind, name, version DESC) AS newest
    WHERE NOT is_deleted)`;

/** Entries that are managed by API, with all their versions. */
@Injectable()
export class ManagedEntries {
  constructor(private readonly store: Store) {}

  /** Grows with every change of an entry of these kinds. */
  async revision(kinds: readonly ManagedKind[]): Promise<number> {
    return revisionOf(this.store, kinds);
  }

  /** The entries of some kinds at one time. */
  async current(kinds: readonly ManagedKind[]): Promise<ManagedEntrySet> {
    return this.store.transaction(async (tx) => {
      // A change that commits in between has a higher revision, and is read again.
      const revision = await revisionOf(tx, kinds);
      const entries = await tx.rows(
        currentColumns,
        `FROM ${newestVersions('kind = ANY($1)')} AS entry ORDER BY kind, name`,
        [kinds],
      );
      return { revision, entries };
    });
  }

  /** Newest version of an entry; null if there is none, or if it was deleted. */
  async get(kind: ManagedKind, name: string): Promise<EntryVersion | null> {
    const newest = await newestOf(this.store, kind, name);
    return newest && !newest.isDeleted ? newest : null;
  }

  /** Versions of an entry, newest first. */
  async versions(kind: ManagedKind, name: string): Promise<EntryVersion[]> {
    return this.store.rows(columns, 'FROM managed_entry WHERE kind = $1 AND name = $2 ORDER BY version DESC LIMIT $3', [
      kind,
      name,
      maxVersions,
    ]);
  }

  /** @throws NotFound `ENTRY_VERSION_UNKNOWN` */
  async version(kind: ManagedKind, name: string, version: number): Promise<EntryVersion> {
    const [found] = await this.store.rows(
      columns,
      'FROM managed_entry WHERE kind = $1 AND name = $2 AND version = $3',
      [kind, name, version],
    );
    if (!found) throw new NotFound('ENTRY_VERSION_UNKNOWN', `${kind}/${name} has no version ${version}`);
    return found;
  }

  /**
   * Adds a version.
   * @throws NotFound `ENTRY_UNKNOWN`; InvalidInput `ENTRY_EXISTS`, `ENTRY_CHANGED`
   */
  async add(tx: Transaction, { before, ...change }: EntryChange): Promise<EntryVersion> {
    const { kind, name } = change;
    await tx.query('SELECT pg_advisory_xact_lock($1)', [revisionLock]);
    const newest = await newestOf(tx, kind, name);
    const isThere = newest !== null && !newest.isDeleted;
    if (before === null && isThere)
      throw new InvalidInput(
        'ENTRY_EXISTS',
        `there is ${entryNouns[kind]} ${name} already, in version ${newest.version}`,
      );
    if (before !== null && !newest) throw new NotFound('ENTRY_UNKNOWN', `no managed ${entryNouns[kind]} ${name}`);
    if (before !== null && before !== newest?.version)
      throw new InvalidInput('ENTRY_CHANGED', `${kind}/${name} is in version ${newest?.version} now, not ${before}`);
    const row = {
      ...change,
      version: (newest?.version ?? 0) + 1,
      revision: (await revisionOf(tx, null)) + 1,
      at: new Date(),
    };
    await tx.query(`INSERT INTO managed_entry (${added.columns}) VALUES (${added.values})`, added.parameters(row));
    return row;
  }
}

async function newestOf(store: Queries, kind: ManagedKind, name: string): Promise<EntryVersion | null> {
  const [newest] = await store.rows(
    columns,
    'FROM managed_entry WHERE kind = $1 AND name = $2 ORDER BY version DESC LIMIT 1',
    [kind, name],
  );
  return newest ?? null;
}

async function revisionOf(store: Queries, kinds: readonly ManagedKind[] | null): Promise<number> {
  const [row] = await store.aggregate<{ revision: number }>(
    'SELECT coalesce(max(revision), 0)::float8 AS revision FROM managed_entry WHERE $1::text[] IS NULL OR kind = ANY($1)',
    [kinds],
  );
  return row?.revision ?? 0;
}
