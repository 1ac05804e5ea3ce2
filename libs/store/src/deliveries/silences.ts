import { Injectable } from '@nestjs/common';
import { InvalidInput, NotFound } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../core/columns.js';
import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { valuesOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { type SilenceChangeKind, SilenceRow, SilenceVersionRow } from './alert-rows.js';

/** Part of a silence that a change replaces. */
export interface SilenceContent extends Pick<SilenceRow, 'startsAt' | 'endsAt' | 'comment'> {
  matchers: readonly string[];
}

export interface NewSilence extends SilenceContent, Pick<SilenceRow, 'createdBy'> {}

export type StoredSilence = SilenceRow;

/** Author of a change, and the reason. */
export interface SilenceAuthor {
  author: string;
  reason?: string | undefined;
}

const columns = columnsOf(SilenceRow);
const timedColumns = columns.computed<{ now: Date }>({ now: 'now()' });
const added = valuesOf(SilenceRow, ['id', 'matchers', 'startsAt', 'endsAt', 'createdBy', 'comment']);
const versionColumns = columnsOf(SilenceVersionRow);
const addedVersion = valuesOf(SilenceVersionRow, [
  'silenceId',
  'version',
  'change',
  'matchers',
  'startsAt',
  'endsAt',
  'comment',
  'author',
  'at',
  'reason',
]);

/** A version of a silence. */
export type SilenceVersion = RowOf<typeof versionColumns>;

/** Versions of a silence that the history lists. */
const maxVersions = 200;

/** Stored silences, with all their versions. */
@Injectable()
export class SilenceLedger {
  constructor(private readonly store: Store) {}

  async add(tx: Transaction, silence: NewSilence): Promise<StoredSilence> {
    const [stored] = await tx.returning(
      columns,
      `INSERT INTO silence (${added.columns}) VALUES (${added.values})`,
      added.parameters({ ...silence, matchers: [...silence.matchers], id: uuidv7() }),
    );
    await addVersion(tx, stored!, 'created', { author: silence.createdBy });
    tx.record({ subject: stored!.id, before: null, after: stored! });
    return stored!;
  }

  async get(id: string): Promise<StoredSilence | null> {
    return this.store.entity(SilenceRow, (silences) => silences.findOneBy({ id }));
  }

  /** Versions of a silence, newest first. */
  async versions(id: string): Promise<SilenceVersion[]> {
    return this.store.rows(
      versionColumns,
      'FROM silence_version WHERE silence_id = $1 ORDER BY version DESC LIMIT $2',
      [id, maxVersions],
    );
  }

  /** Silences that have not ended, newest first; with `all` also ended ones. */
  async list({ limit, after }: PageRequest, all = false): Promise<Page<StoredSilence>> {
    const rows = await this.store.rows(
      columns,
      `FROM silence WHERE ($2::uuid IS NULL OR id < $2) AND ($3 OR ends_at > now()) ORDER BY id DESC LIMIT $1`,
      [limit + 1, after ?? null, all],
    );
    return pageOf(rows, limit);
  }

  /** Version of the open silences, for caches: changes with each of them. */
  async version(): Promise<string> {
    const [row] = await this.store.aggregate<{ version: string }>(
      `SELECT concat_ws(' ', count(*), max(id::text), sum(version), sum(extract(epoch FROM ends_at))) AS version
       FROM silence WHERE ends_at > now()`,
    );
    return row?.version ?? '';
  }

  /** All silences that have not ended. */
  async open(): Promise<StoredSilence[]> {
    return this.store.rows(columns, 'FROM silence WHERE ends_at > now()');
  }

  /**
   * Changes a silence that goes on.
   *
   * @param seen version that the caller has seen
   * @throws NotFound `SILENCE_UNKNOWN`; InvalidInput `SILENCE_CHANGED`, `SILENCE_OVER`
   */
  async change(
    tx: Transaction,
    id: string,
    seen: number,
    content: SilenceContent,
    by: SilenceAuthor,
  ): Promise<StoredSilence> {
    const before = await seenSilence(tx, id, seen);
    if (before.endsAt <= new Date()) throw new InvalidInput('SILENCE_OVER', `silence ${id} has ended`);
    return replace(tx, before, content, 'changed', by);
  }

  /** Ends a silence now; null if it does not exist or has ended. */
  async expire(tx: Transaction, id: string, by: SilenceAuthor): Promise<StoredSilence | null> {
    const [open] = await tx.rows(timedColumns, 'FROM silence WHERE id = $1 AND ends_at > now() FOR UPDATE', [id]);
    if (!open) return null;
    const { now, ...before } = open;
    const startsAt = before.startsAt < now ? before.startsAt : now;
    return replace(tx, before, { ...before, startsAt, endsAt: now }, 'ended', by);
  }

  /**
   * Goes back to an earlier version, also after the silence was ended.
   *
   * @param seen version that the caller has seen
   * @throws NotFound `SILENCE_UNKNOWN`, `SILENCE_VERSION_UNKNOWN`
   * @throws InvalidInput `SILENCE_CHANGED`, `SILENCE_OVER` if that version has ended
   */
  async undo(tx: Transaction, id: string, seen: number, to: number, by: SilenceAuthor): Promise<StoredSilence> {
    const before = await seenSilence(tx, id, seen);
    const [target] = await tx.rows(versionColumns, 'FROM silence_version WHERE silence_id = $1 AND version = $2', [
      id,
      to,
    ]);
    if (!target) throw new NotFound('SILENCE_VERSION_UNKNOWN', `silence ${id} has no version ${to}`);
    if (target.endsAt <= new Date())
      throw new InvalidInput('SILENCE_OVER', `version ${to} ended at ${target.endsAt.toISOString()}`);
    return replace(tx, before, target, 'undone', { ...by, reason: by.reason ?? `version ${to} again` });
  }
}

/** Locks a silence in the version that the caller has seen. */
async function seenSilence(tx: Transaction, id: string, seen: number): Promise<StoredSilence> {
  const [silence] = await tx.rows(columns, 'FROM silence WHERE id = $1 FOR UPDATE', [id]);
  if (!silence) throw new NotFound('SILENCE_UNKNOWN', `no silence ${id}`);
  if (silence.version !== seen)
    throw new InvalidInput('SILENCE_CHANGED', `silence ${id} is in version ${silence.version} now, not ${seen}`);
  return silence;
}

/** Makes the next version of a silence. */
async function replace(
  tx: Transaction,
  before: StoredSilence,
  { matchers, startsAt, endsAt, comment }: SilenceContent,
  change: SilenceChangeKind,
  by: SilenceAuthor,
): Promise<StoredSilence> {
  const [after] = await tx.returning(
    columns,
    'UPDATE silence SET matchers = $2, starts_at = $3, ends_at = $4, comment = $5, version = version + 1 WHERE id = $1',
    [before.id, matchers, startsAt, endsAt, comment],
  );
  await addVersion(tx, after!, change, by);
  tx.record({ subject: before.id, before, after: after! });
  // Flushes groups that a mute held back, since the silence may have been the reason.
  await tx.query('UPDATE alert_group SET due_at = now() WHERE due_at > now() AND is_muted');
  return after!;
}

async function addVersion(
  tx: Transaction,
  { id, ...silence }: StoredSilence,
  change: SilenceChangeKind,
  { author, reason }: SilenceAuthor,
): Promise<void> {
  const version = { ...silence, silenceId: id, change, author, at: new Date(), reason: reason ?? null };
  await tx.query(
    `INSERT INTO silence_version (${addedVersion.columns}) VALUES (${addedVersion.values})`,
    addedVersion.parameters(version),
  );
}
