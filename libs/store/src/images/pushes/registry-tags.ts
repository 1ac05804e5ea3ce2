import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { columnsOf } from '../../core/columns.js';
import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import { RegistryRepositoryRow } from './registry-rows.js';

/** A repository of a connection. */
interface Place {
  connection: string;
  repository: string;
}

/** Known state of a tag that a registry may have. */
export interface RegistryTagView {
  tag: string;
  /** Digest at the last reconciliation; null if the tag was not there. */
  seen: Digest | null;
  /** Whether a push of it, or its deletion, was ever recorded. */
  isInLedger: boolean;
  /** Digest that the ledger ends with; null if there is none, or the tag is gone. */
  current: Digest | null;
  /** Whether a push brought it; false if the registry was only seen to have it. */
  isPushed: boolean;
  /**
   * Whether a push that may explain the digest found now is being handled, or its webhook may still
   * arrive.
   */
  isOnItsWay: boolean;
}

/** Time that a webhook may still take after the registry was seen to have the content. */
const webhookMayTake = `interval '1 minute'`;

const lookColumns = columnsOf(RegistryRepositoryRow, { only: ['repository', 'lookedAt'] });

/** Tags of registries at the last reconciliation, to find pushes that were not announced. */
@Injectable()
export class RegistryTags {
  constructor(private readonly store: Store) {}

  /** Time of the last reconciliation of each repository of a connection. */
  async looks(connection: string): Promise<Map<string, Date>> {
    const rows = await this.store.rows(lookColumns, 'FROM registry_repository WHERE connection = $1', [connection]);
    return new Map(rows.map(({ repository, lookedAt }) => [repository, lookedAt]));
  }

  /** Whether the registry was reconciled completely before. */
  async wasLookedAt(connection: string): Promise<boolean> {
    const looks = await this.store.query('SELECT FROM registry_look WHERE connection = $1', [connection]);
    return looks.length > 0;
  }

  /** Records a complete reconciliation of the registry. */
  async completed(tx: Transaction, connection: string): Promise<void> {
    await tx.query(
      `INSERT INTO registry_look (connection, completed_at) VALUES ($1, now())
       ON CONFLICT (connection) DO UPDATE SET completed_at = EXCLUDED.completed_at`,
      [connection],
    );
  }

  /**
   * Known state of every tag of a repository that was seen or pushed. A tag whose ledger was
   * confirmed after `lookedAt`, when the reconciliation began, counts as on its way.
   * @param found digests of the tags, as the registry lists them now
   */
  async known(
    tx: Transaction,
    { connection, repository }: Place,
    found: ReadonlyMap<string, Digest>,
    lookedAt: string,
  ): Promise<RegistryTagView[]> {
    return tx.aggregate<RegistryTagView>(
      `SELECT tag, seen.digest AS seen, ledger.tag IS NOT NULL AS "isInLedger", ledger.digest AS current,
         ledger.push_id IS NOT NULL AND NOT ledger.is_seen AS "isPushed",
         coalesce(confirmed_at > $4::timestamptz OR (is_seen AND ledger.digest = found.digest AND at > now() - ${webhookMayTake}), false)
           OR EXISTS (
             SELECT FROM push WHERE (push.connection, push.repository, push.tag) = ($1, $2, tag) AND artifact = 'image'
               AND (state = 'accepted' OR (state = 'analyzing' AND push.digest = found.digest))
               AND (coalesce(push.digest, claimed_digest, found.digest) = found.digest OR found.digest IS NULL)) AS "isOnItsWay"
       FROM (SELECT tag, digest FROM registry_tag WHERE (connection, repository) = ($1, $2)) AS seen
       FULL JOIN (
         SELECT DISTINCT ON (tag) * FROM tag_ledger WHERE (connection, repository) = ($1, $2) ORDER BY tag, position DESC
       ) AS ledger USING (tag)
       FULL JOIN (
         SELECT DISTINCT tag FROM push
         WHERE (connection, repository) = ($1, $2) AND tag IS NOT NULL AND artifact = 'image' AND state IN ('accepted', 'analyzing')
       ) AS handled USING (tag)
       LEFT JOIN jsonb_to_recordset($3) AS found (tag text, digest text) USING (tag)`,
      [connection, repository, json([...found].map(([tag, digest]) => ({ tag, digest }))), lookedAt],
    );
  }

  /** Stores the tags that the registry has now. */
  async looked(tx: Transaction, { connection, repository }: Place, tags: ReadonlyMap<string, Digest>): Promise<void> {
    await tx.query(
      `INSERT INTO registry_repository (connection, repository, looked_at) VALUES ($1, $2, now())
       ON CONFLICT (connection, repository) DO UPDATE SET looked_at = EXCLUDED.looked_at`,
      [connection, repository],
    );
    const found = json([...tags].map(([tag, digest]) => ({ tag, digest })));
    await tx.query(
      `DELETE FROM registry_tag WHERE (connection, repository) = ($1, $2)
         AND tag NOT IN (SELECT tag FROM jsonb_to_recordset($3) AS found (tag text))`,
      [connection, repository, found],
    );
    await tx.query(
      `INSERT INTO registry_tag (connection, repository, tag, digest)
       SELECT $1, $2, tag, digest FROM jsonb_to_recordset($3) AS found (tag text, digest text)
       ON CONFLICT (connection, repository, tag) DO UPDATE SET digest = EXCLUDED.digest WHERE registry_tag.digest <> EXCLUDED.digest`,
      [connection, repository, found],
    );
  }
}
