import { Injectable } from '@nestjs/common';

import { Store } from '../../core/store.js';
import { holdsSecret } from '../secret-lookup.js';

/** Types of search hits. */
export const searchHitTypes = [
  'vulnerability',
  'package',
  'image',
  'layer',
  'secret',
  'path',
  'repository',
  'workload',
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

/**
 * Recognizes the objects that a text names: a vulnerability, a package, a digest, a path, a
 * repository, a workload or an incident.
 */
@Injectable()
export class FleetSearch {
  constructor(private readonly store: Store) {}

  async of(text: string): Promise<SearchHit[]> {
    const asked = text.trim();
    const digest = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(asked)?.[1]?.toLowerCase();
    if (digest !== undefined) return this.#digests(digest);
    if (asked.startsWith('/')) return [hit('path', 'path', { id: asked, title: asked })];
    const found = await Promise.all([
      this.#vulnerabilities(asked),
      this.#incidents(asked),
      this.#packages(asked),
      this.#repositories(asked),
      this.#workloads(asked),
    ]);
    return found.flat();
  }

  async #digests(hex: string): Promise<SearchHit[]> {
    const digest = `sha256:${hex}`;
    const [known] = await this.store.aggregate<{ image: boolean; layer: boolean; secret: boolean }>(
      `SELECT EXISTS (SELECT FROM image WHERE digest = $1) OR EXISTS (SELECT FROM push WHERE digest = $1)
           OR EXISTS (SELECT FROM container_ledger WHERE image_digest = $1) AS image,
         EXISTS (SELECT FROM image_layer WHERE diff_id = $1 OR blob_digest = $1) AS layer,
         EXISTS (SELECT FROM image_finding WHERE ${holdsSecret('ARRAY[$2]')}) AS secret`,
      [digest, hex],
    );
    return [
      ...(known?.image ? [hit('image', 'image', { id: digest, title: digest })] : []),
      ...(known?.layer ? [hit('layer', 'layer', { id: digest, title: digest })] : []),
      ...(known?.secret ? [hit('secret', 'secret', { id: hex, title: 'secret' })] : []),
    ];
  }

  async #vulnerabilities(text: string): Promise<SearchHit[]> {
    if (!/^[a-z]+-[\w:.-]+$/i.test(text)) return [];
    const rows = await this.store.aggregate<Match>(
      `SELECT DISTINCT ON (vulnerability_id) $1 AS id, coalesce(title, vulnerability_id) AS title FROM advisory
       WHERE withdrawn IS NULL AND (id = $1 OR vulnerability_id = $1) LIMIT ${maxHits}`,
      [/^(?:cve|ghsa)-/i.test(text) ? `${text.slice(0, 4).toUpperCase()}${text.slice(4)}` : text],
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

  async #packages(text: string): Promise<SearchHit[]> {
    const rows = await this.store.aggregate<Match>(
      `SELECT DISTINCT package_purl_name(purl) AS id, package_purl_name(purl) AS title FROM (
         SELECT purl FROM package WHERE name = $1 OR source_name = $1 OR purl = $1 OR package_purl_name(purl) = $1 LIMIT ${maxRows}) AS named
       ORDER BY id LIMIT ${maxHits}`,
      [text],
    );
    return rows.map((row) => hit('package', 'purl', row));
  }

  async #repositories(text: string): Promise<SearchHit[]> {
    const rows = await this.store.aggregate<Match & { digest: string }>(
      `SELECT DISTINCT ON (repository) repository AS id, coalesce(registry_host, connection) || '/' || repository AS title, digest FROM (
         SELECT * FROM push WHERE repository = $1 AND state = 'analyzed' ORDER BY received_at DESC LIMIT ${maxHits}) AS pushed
       ORDER BY repository, received_at DESC`,
      [text.replace(/@[^]*|:[\w.-]+$/, '')],
    );
    return rows.map(({ digest, ...row }) => ({ type: 'repository', ...row, link: `${api}/images/${digest}` }));
  }

  async #workloads(text: string): Promise<SearchHit[]> {
    const name = text.split('/').at(-1)!;
    const rows = await this.store.aggregate<Match & { digest: string | null }>(
      `SELECT concat_ws('/', nullif(cluster, ''), namespace, kind, name) AS id, concat_ws('/', namespace, kind, name) AS title,
         (SELECT image_digest FROM container_ledger AS ledger
          WHERE (ledger.cluster, ledger.namespace, workload_kind, workload) = (known.cluster, known.namespace, known.kind, known.name)
            AND image_digest IS NOT NULL ORDER BY last_seen DESC LIMIT 1) AS digest
       FROM workload AS known WHERE name = $1 AND ($2 = name OR concat_ws('/', namespace, kind, name) = $2) ORDER BY 1 LIMIT ${maxHits}`,
      [name, text],
    );
    return rows.flatMap(({ digest, ...row }) =>
      digest === null ? [] : [{ ...hit('workload', 'image', { ...row, id: digest }), id: row.id }],
    );
  }
}

/** A hit with a link to its blast radius. */
function hit(type: SearchHit['type'], parameter: string, { id, title }: Match): SearchHit {
  return { type, id, title, link: `${api}/blast-radius?${new URLSearchParams({ [parameter]: id }).toString()}` };
}
