import type { Digest, Platform } from '@tidewaiter/domain';
import { fullRepository, type ImageDirectory, type ManifestView } from '@tidewaiter/workloads';

import type { Store } from '../core/store.js';

interface TagEntry {
  atMs: number;
  digest: Digest | null;
  /**
   * Build time of the newest image of a tag imported when the registry was connected; null if
   * unknown or not imported.
   */
  importedBuiltMs: number | null;
}

interface Noted<Value> {
  value: Value;
  readAtMs: number;
}

/**
 * Age after which an entry is read again: an unknown digest may have been pushed, and a tag may
 * have moved.
 */
const oldAfterMs = 30_000;
const maxNotes = 20_000;

/**
 * Cache of the images of digests and of the history of tags; prefetched before synchronous
 * look-ups.
 */
export class StoredImageDirectory implements ImageDirectory {
  readonly #manifests = new Map<Digest, Noted<readonly ManifestView[]>>();
  readonly #tags = new Map<string, Noted<readonly TagEntry[]>>();
  #revision = 0;

  constructor(private readonly store: Store) {}

  get revision(): number {
    return this.#revision;
  }

  manifestsOf(digest: Digest): readonly ManifestView[] {
    return this.#manifests.get(digest)?.value ?? [];
  }

  tagAt(repository: string, tag: string, atMs: number): Digest | null {
    const entries = this.#tags.get(`${repository}:${tag}`)?.value ?? [];
    const entry = entries.findLast((each) => each.atMs <= atMs);
    return entry === undefined ? pointedToBefore(entries, atMs) : entry.digest;
  }

  /**
   * Fetches the images of digests, and the history of tags by the full names of their repositories.
   */
  async prefetch(
    digests: Iterable<Digest>,
    references: Iterable<{ repository: string; tag: string }>,
    nowMs: number,
  ): Promise<void> {
    const isOld = (note: Noted<unknown> | undefined) =>
      note === undefined || Math.abs(nowMs - note.readAtMs) > oldAfterMs;
    const unknown = [...new Set(digests)].filter((digest) => {
      const note = this.#manifests.get(digest);
      return isOld(note) && !note?.value.length;
    });
    const names = [...new Map(Array.from(references, (each) => [`${each.repository}:${each.tag}`, each])).values()];
    const tags = names.filter(({ repository, tag }) => isOld(this.#tags.get(`${repository}:${tag}`)));
    if (unknown.length > 0) await this.#readManifests(unknown, nowMs);
    if (tags.length > 0) await this.#readTags(tags, nowMs);
    for (const pointedTo of tags.map(({ repository, tag }) => this.tagAt(repository, tag, nowMs))) {
      if (pointedTo !== null && !this.#manifests.has(pointedTo)) await this.#readManifests([pointedTo], nowMs);
    }
  }

  async #readManifests(digests: readonly Digest[], nowMs: number): Promise<void> {
    const rows = await this.store.aggregate<{ asked: Digest; digest: Digest; platform: Platform }>(
      `SELECT DISTINCT asked, image.digest, platform FROM unnest($1::text[]) AS asked JOIN image ON image.digest IN (
         SELECT asked UNION SELECT digest FROM image WHERE config_digest = asked
         UNION SELECT image_digest FROM push JOIN push_image ON push_id = push.id WHERE push.digest = asked)
       ORDER BY asked, image.digest`,
      [digests],
    );
    const byAsked = Map.groupBy(rows, ({ asked }) => asked);
    for (const digest of digests) {
      const value = (byAsked.get(digest) ?? []).map(({ digest: found, platform }) => ({ digest: found, platform }));
      note(this.#manifests, digest, { value, readAtMs: nowMs });
    }
    this.#revision += 1;
  }

  async #readTags(tags: readonly { repository: string; tag: string }[], nowMs: number): Promise<void> {
    const rows = await this.store.aggregate<TagEntry & { registry: string; repository: string; tag: string }>(
      `SELECT coalesce(registry_host, (SELECT max(registry_host) FROM push WHERE push.connection = entry.connection), entry.connection) AS registry,
         entry.repository, entry.tag, entry.digest, extract(epoch FROM at)::float * 1000 AS "atMs",
         CASE WHEN push.origin = 'imported' THEN (
           -- Reproducible builds have the creation time 1970.
           SELECT extract(epoch FROM max(created_at))::float * 1000 FROM push_image JOIN image ON image.digest = image_digest
           WHERE push_image.push_id = push.id HAVING bool_and(coalesce(created_at > '1980-01-02', false))) END AS "importedBuiltMs"
       FROM tag_ledger AS entry LEFT JOIN push ON push.id = push_id
       WHERE entry.repository = ANY($1) AND entry.tag = ANY($2) ORDER BY at, position`,
      [tags.flatMap(({ repository }) => pathsOf(repository)), tags.map(({ tag }) => tag)],
    );
    const byName = Map.groupBy(rows, (row) => `${fullRepository(`${row.registry}/${row.repository}`)}:${row.tag}`);
    for (const { repository, tag } of tags) {
      note(this.#tags, `${repository}:${tag}`, { value: byName.get(`${repository}:${tag}`) ?? [], readAtMs: nowMs });
    }
    this.#revision += 1;
  }
}

/**
 * Digest of a tag before its first entry. Known only for a tag that was imported when the registry
 * was connected, has not moved since, and whose image had been built by then. A tag that was pushed
 * later pointed elsewhere, or to nothing.
 */
function pointedToBefore(entries: readonly TagEntry[], atMs: number): Digest | null {
  const [first] = entries;
  if (first?.importedBuiltMs == null || first.importedBuiltMs > atMs) return null;
  return entries.every(({ digest }) => digest === first.digest) ? first.digest : null;
}

/**
 * Paths of a repository in its registry: without the host, and Docker Hub's official ones also
 * without `library`.
 */
function pathsOf(repository: string): string[] {
  const path = repository.slice(repository.indexOf('/') + 1);
  return path.startsWith('library/') ? [path, path.slice('library/'.length)] : [path];
}

function note<Value>(notes: Map<string, Noted<Value>>, key: string, value: Noted<Value>): void {
  notes.delete(key);
  notes.set(key, value);
  const [oldest] = notes.keys();
  if (notes.size > maxNotes && oldest !== undefined) notes.delete(oldest);
}
