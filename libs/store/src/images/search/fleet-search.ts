import { Injectable } from '@nestjs/common';

import { likePattern } from '../../core/lists.js';
import { Store } from '../../core/store.js';
import { FileContents } from '../file-contents.js';
import { holdsSecret } from '../secret-lookup.js';
import { digestsLike, readReference, repositoriesNamed, tagsNamed } from './image-references.js';

/** Types of search hits. */
export const searchHitTypes = [
  'vulnerability',
  'package',
  'tag',
  'image',
  'layer',
  'secret',
  'path',
  'file',
  'repository',
  'workload',
  'container',
  'incident',
] as const;

/** An object that a search text names, with the API route that shows it. */
export interface SearchHit {
  type: (typeof searchHitTypes)[number];
  /** Id, name or digest. */
  id: string;
  title: string;
  /** Path of the API route, below the address of the console. */
  link: string;
}

type Match = Pick<SearchHit, 'id' | 'title'>;

const api = '/api/v1';
const maxHits = 10;
/** Limit on the rows that are searched for names. */
const maxRows = 10_000;

/** Digits of a hash or of the id of a container, from the number that is shown at least. */
const hexDigits = /^(?:sha256:|[a-z-]+:\/\/)?([0-9a-f]{6,64})$/i;

/**
 * Recognizes the objects that a text names: a vulnerability, a package, a digest, a tag, a path, a
 * file, a repository, a workload, a container or an incident. Names of repositories, workloads and
 * packages are found by their parts, and digests and containers by their first digits.
 */
@Injectable()
export class FleetSearch {
  constructor(
    private readonly store: Store,
    private readonly contents: FileContents,
  ) {}

  async of(text: string): Promise<SearchHit[]> {
    const asked = text.trim();
    if (asked.startsWith('/')) return [hit('path', 'path', { id: asked, title: asked })];
    const hex = hexDigits.exec(asked.slice(asked.lastIndexOf('@') + 1))?.[1]?.toLowerCase();
    const hashed = hex === undefined ? [] : [this.#images(hex), this.#containers(hex)];
    if (hex?.length === 64) return (await Promise.all([...hashed, this.#hashes(hex), this.#files(hex)])).flat();
    const found = await Promise.all([
      this.#vulnerabilities(asked),
      this.#incidents(asked),
      ...hashed,
      this.#references(asked),
      this.#packages(asked),
      this.#workloads(asked),
    ]);
    return found.flat();
  }

  async #images(hex: string): Promise<SearchHit[]> {
    const digests = await digestsLike(this.store, hex, maxHits);
    return digests.map((digest) => hit('image', 'image', { id: digest, title: digest }));
  }

  async #hashes(hex: string): Promise<SearchHit[]> {
    const digest = `sha256:${hex}`;
    const [known] = await this.store.aggregate<{ layer: boolean; secret: boolean }>(
      `SELECT EXISTS (SELECT FROM image_layer WHERE diff_id = $1 OR blob_digest = $1) AS layer,
         EXISTS (SELECT FROM image_finding WHERE ${holdsSecret('ARRAY[$2]')}) AS secret`,
      [digest, hex],
    );
    return [
      ...(known?.layer ? [hit('layer', 'layer', { id: digest, title: digest })] : []),
      ...(known?.secret ? [hit('secret', 'secret', { id: hex, title: 'secret' })] : []),
    ];
  }

  async #files(hex: string): Promise<SearchHit[]> {
    const images = await this.contents.holding(hex);
    return images.length === 0 ? [] : [hit('file', 'file', { id: hex, title: `sha256:${hex}` })];
  }

  async #containers(hex: string): Promise<SearchHit[]> {
    const rows = await this.store.aggregate<Match & { path: string[] }>(
      `SELECT container_id AS id, concat_ws('/', namespace, pod, name, container_id) AS title,
         CASE WHEN namespace <> '' AND workload IS NOT NULL
           THEN ARRAY['workloads', coalesce(nullif(cluster, ''), '-'), namespace, workload_kind, workload]
           ELSE ARRAY['images', image_digest] END AS path
       FROM container_ledger WHERE (container_id BETWEEN $1 AND $2 OR container_id = left($1, 12))
         AND coalesce(workload, image_digest) IS NOT NULL ORDER BY last_seen DESC LIMIT ${maxHits}`,
      // Some sensors report the first digits of an id only.
      [hex, `${hex}g`],
    );
    return rows.map(({ path, ...row }) => ({ type: 'container', ...row, link: `${api}/${pathOf(path)}` }));
  }

  async #vulnerabilities(text: string): Promise<SearchHit[]> {
    if (!/^[a-z]+-[\w:.-]+$/i.test(text)) return [];
    const rows = await this.store.aggregate<Match>(
      `SELECT DISTINCT ON (vulnerability_id) asked AS id, coalesce(title, vulnerability_id) AS title
       FROM unnest($1::text[]) AS asked JOIN advisory ON advisory.id = asked OR vulnerability_id = asked
       WHERE withdrawn IS NULL LIMIT ${maxHits}`,
      // Ids are written in capitals, but for the digits of GHSA.
      [[text, text.toUpperCase(), text.toLowerCase().replace(/^ghsa/, 'GHSA')]],
    );
    return rows.map((row) => hit('vulnerability', 'vulnerability', row));
  }

  async #incidents(text: string): Promise<SearchHit[]> {
    const number = /^(?:inc-|#)(\d{1,9})$/i.exec(text)?.[1] ?? null;
    const id = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text : null;
    if (number === null && id === null) return [];
    const rows = await this.store.aggregate<Match>(
      'SELECT id, title FROM incident WHERE number = $1::bigint OR id = $2::uuid',
      [number, id],
    );
    return rows.map((row) => ({ type: 'incident', ...row, link: `${api}/incidents/${row.id}` }));
  }

  /**
   * Packages by name or purl, with a version that one of them has; without any, by the beginning
   * of a name.
   */
  async #packages(text: string): Promise<SearchHit[]> {
    const at = text.lastIndexOf('@');
    const name = at > 0 ? text.slice(0, at) : text;
    const named = `FROM package WHERE (name = $1 OR source_name = $1 OR purl = $1 OR package_purl_name(purl) = $1)`;
    const versions =
      at > 0 ? await this.#purls(`SELECT purl AS id ${named} AND version = $2`, [name, text.slice(at + 1)]) : [];
    if (versions.length > 0) return versions;
    const exact = await this.#purls(`SELECT package_purl_name(purl) AS id ${named}`, [text]);
    if (exact.length > 0) return exact;
    const beginning = name.toLowerCase().slice(0, 63);
    return this.#purls(
      `SELECT package_purl_name(purl) AS id FROM package
       WHERE lower(left(name, 64)) COLLATE "C" BETWEEN $1 AND $2`,
      [beginning, `${beginning}\u{10ffff}`],
    );
  }

  async #purls(query: string, parameters: readonly unknown[]): Promise<SearchHit[]> {
    const rows = await this.store.aggregate<Pick<Match, 'id'>>(
      `SELECT DISTINCT id FROM (${query} LIMIT ${maxRows}) AS named ORDER BY id LIMIT ${maxHits}`,
      parameters,
    );
    return rows.map(({ id }) => hit('package', 'purl', { id, title: id }));
  }

  /** A repository is no answer to a tag that it has: its newest push may be another. */
  async #references(text: string): Promise<SearchHit[]> {
    const tags = await tagsNamed(this.store, text, maxHits);
    const hits = tags.map(({ reference, digest }): SearchHit => ({
      type: 'tag',
      id: reference,
      title: reference,
      link: `${api}/images/${digest}`,
    }));
    if (hits.length > 0 && readReference(text).tag !== null) return hits;
    const repositories = await repositoriesNamed(this.store, text, maxHits);
    return [
      ...hits,
      ...repositories.map(({ connection, repository, title }): SearchHit => {
        const q = `connection="${connection}" repository="${repository}"`;
        const link = `${api}/repositories?${new URLSearchParams({ q }).toString()}`;
        return { type: 'repository', id: `${connection}/${repository}`, title, link };
      }),
    ];
  }

  async #workloads(text: string): Promise<SearchHit[]> {
    const rows = await this.store.aggregate<Match & { digest: string | null }>(
      `SELECT concat_ws('/', nullif(cluster, ''), namespace, kind, name) AS id, concat_ws('/', namespace, kind, name) AS title,
         (SELECT image_digest FROM container_ledger AS ledger
          WHERE (ledger.cluster, ledger.namespace, workload_kind, workload) = (known.cluster, known.namespace, known.kind, known.name)
            AND image_digest IS NOT NULL ORDER BY last_seen DESC LIMIT 1) AS digest
       FROM workload AS known WHERE name ILIKE $1 OR ($2 LIKE '%/%' AND concat_ws('/', cluster, namespace, kind, name) ILIKE $1)
       ORDER BY name <> $2, length(name), 1 LIMIT ${maxHits}`,
      [likePattern(`*${text}*`), text],
    );
    return rows.flatMap(({ digest, ...row }) =>
      digest === null ? [] : [{ ...hit('workload', 'image', { ...row, id: digest }), id: row.id }],
    );
  }
}

function pathOf(parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** A hit with a link to its blast radius. */
function hit(type: SearchHit['type'], parameter: string, { id, title }: Match): SearchHit {
  return { type, id, title, link: `${api}/blast-radius?${new URLSearchParams({ [parameter]: id }).toString()}` };
}
