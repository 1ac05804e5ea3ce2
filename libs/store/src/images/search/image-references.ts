import { likePattern } from '../../core/lists.js';
import type { Queries } from '../../core/store.js';
import { isImagePush } from '../pushes/pushes.js';

/** `registry.example.com:5000/shop/web:1.4.0` in its parts. */
interface ImageReference {
  /** Name as written, with a registry if one is. */
  name: string;
  /** Name without a registry. */
  repository: string;
  tag: string | null;
}

/** A tag and the digest that it points to, or pointed to before it was deleted. */
export interface NamedTag {
  /** `registry.example.com/shop/web:1.4.0` */
  reference: string;
  digest: string;
}

export interface NamedRepository {
  connection: string;
  repository: string;
  /** Name with the registry. */
  title: string;
}

/** Parts of a reference; a digest behind `@` is left to the lookup of digests. */
export function readReference(text: string): ImageReference {
  const named = text.split('@')[0]!;
  const [, name = named, tag = null] = /^(.+):([\w.-]{1,128})$/.exec(named) ?? [];
  return { name, repository: name.replace(/^(?:localhost|[^/.:]*[.:][^/]*)\//, ''), tag };
}

/**
 * Tags that a reference names, by all or the last parts of its repository; by a tag alone, all of
 * that name.
 */
export async function tagsNamed(store: Queries, text: string, limit: number): Promise<NamedTag[]> {
  const { name, repository, tag } = readReference(text);
  return store.aggregate<NamedTag>(
    `SELECT coalesce(registry_host, moved.connection) || '/' || moved.repository || ':' || moved.tag AS reference, moved.digest
     FROM (SELECT DISTINCT ON (connection, repository) connection, repository, tag, digest, push_id, at FROM tag_ledger
       WHERE tag = $1 AND digest IS NOT NULL
         AND ($2::text IS NULL OR repository = $2 OR repository LIKE $3 OR connection || '/' || repository = $4)
       ORDER BY connection, repository, position DESC) AS moved
     LEFT JOIN push ON push.id = push_id ORDER BY moved.repository IS DISTINCT FROM $2, at DESC LIMIT ${limit}`,
    tag === null ? [text, null, null, null] : [tag, repository, likePattern(`*/${repository}`), name],
  );
}

/** Repositories whose name has the text, the nearest first. */
export async function repositoriesNamed(store: Queries, text: string, limit: number): Promise<NamedRepository[]> {
  const { name, repository } = readReference(text);
  return store.aggregate<NamedRepository>(
    `SELECT connection, repository, coalesce(registry_host, connection) || '/' || repository AS title
     FROM (SELECT DISTINCT connection, repository FROM push WHERE ${isImagePush}) AS known
     CROSS JOIN LATERAL (
       SELECT registry_host FROM push WHERE (connection, repository) = (known.connection, known.repository) AND ${isImagePush}
       ORDER BY received_at DESC LIMIT 1) AS newest
     WHERE repository ILIKE $1 OR connection || '/' || repository = $2
     ORDER BY repository <> $3, length(repository), repository, connection LIMIT ${limit}`,
    [likePattern(`*${repository}*`), name, repository],
  );
}

/**
 * Digests of images, of indexes that hold them, and of what runs, that begin with some hexadecimal
 * digits.
 */
export async function digestsLike(store: Queries, hex: string, limit: number): Promise<string[]> {
  const range = ['image.digest', 'push.digest', 'container_ledger.image_digest'].map((column) => {
    const [table] = column.split('.');
    return `(SELECT DISTINCT ${column} FROM ${table} WHERE ${column} BETWEEN $1 AND $2 LIMIT ${limit})`;
  });
  const rows = await store.aggregate<{ digest: string }>(
    `${range.join(' UNION ')} ORDER BY digest LIMIT ${limit}`,
    // In every collation, `g` comes after the digits.
    [`sha256:${hex}`, `sha256:${hex}g`],
  );
  return rows.map(({ digest }) => digest);
}
