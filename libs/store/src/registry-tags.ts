import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

/** A repository of a connection. */
interface Place {
  connection: string;
  repository: string;
}

/** What we know of a tag. */
export interface KnownTag {
  tag: string;
  /** When we looked last; null where it was not there. */
  seen: Digest | null;
  /** What somebody told us last; null where nobody did, or that it is gone. */
  told: Digest | null;
  /** Whether a push of it is on its way, whose digest may not be known yet. */
  isOnItsWay: boolean;
}

/** How long after a push was told of it may still be what a look has just found. */
const onItsWay = `interval '10 minutes'`;

/** What registries had when we looked, to find what nobody told us of. */
@Injectable()
export class RegistryTags {
  constructor(private readonly store: Store) {}

  /** When each repository of a connection was looked at last. */
  async looks(connection: string): Promise<Map<string, Date>> {
    const rows = await this.store.query<{ repository: string; lookedAt: Date }>(
      'SELECT repository, looked_at AS "lookedAt" FROM registry_repository WHERE connection = $1',
      [connection],
    );
    return new Map(rows.map(({ repository, lookedAt }) => [repository, lookedAt]));
  }

  /** Every tag of a repository that was seen or told of. */
  async known(tx: Transaction, { connection, repository }: Place): Promise<KnownTag[]> {
    return tx.query<KnownTag>(
      `SELECT known.*, EXISTS (
         SELECT FROM push WHERE (push.connection, push.repository, push.tag) = ($1, $2, known.tag)
           AND (state IN ('accepted', 'analyzing') OR received_at > now() - ${onItsWay})) AS "isOnItsWay"
       FROM (
         SELECT tag, seen.digest AS seen, told.digest AS told
         FROM (SELECT tag, digest FROM registry_tag WHERE (connection, repository) = ($1, $2)) AS seen
         FULL JOIN (
           SELECT DISTINCT ON (tag) tag, digest FROM tag_ledger WHERE (connection, repository) = ($1, $2) ORDER BY tag, at DESC
         ) AS told USING (tag)
       ) AS known`,
      [connection, repository],
    );
  }

  /** Keeps what a look saw: the tags that there are now. */
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
