import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { canDecodeEntries, decodeEntries } from '@tidewaiter/oci';

import { Store } from './store.js';

/** Layers that one search by path names. */
export const maxPathLayers = 10_000;

/** Directories that a distribution with a merged /usr also offers under /usr, so that one program has two paths. */
const mergedDirectories = /^(?:usr\/)?(?=(?:bin|sbin|lib|lib32|lib64|libx32)\/)/;

/** An index of the paths of all layers: layers are shared, so each path is indexed once however many images have it. */
@Injectable()
export class LayerPaths {
  constructor(private readonly store: Store) {}

  /** DiffIDs of the layers that have a file or link at an absolute path, or at its twin of a merged /usr. */
  async layersWith(path: string): Promise<string[]> {
    const below = path.replace(/^\/+/, '');
    const merged = below.replace(mergedDirectories, '');
    const keys = new Set([below, ...(mergedDirectories.test(below) ? [merged, `usr/${merged}`] : [])].map(pathKeyOf));
    const rows = await this.store.transaction(async (tx) => {
      // The planner takes a row for short, since its array lies elsewhere, and would rather read all of them.
      await tx.query('SET LOCAL enable_seqscan = off');
      return tx.query<{ diffId: string }>(
        `SELECT diff_id AS "diffId" FROM layer WHERE path_keys && $1::bigint[] LIMIT ${maxPathLayers}`,
        [[...keys].map(String)],
      );
    });
    return rows.map(({ diffId }) => diffId);
  }

  /** Indexes one layer that is not indexed yet; false where there is none. */
  async indexNext(): Promise<boolean> {
    return this.store.transaction(async (tx) => {
      const [layer] = await tx.query<{ diffId: string; entries: Buffer }>(
        `SELECT diff_id AS "diffId", entries FROM layer WHERE path_keys IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED`,
      );
      if (!layer) return false;
      await tx.query('UPDATE layer SET path_keys = $2 WHERE diff_id = $1', [layer.diffId, pathKeys(layer.entries)]);
      return true;
    });
  }
}

/** Eight bytes of the SHA-256 of a path without its leading slash: enough to tell all paths of a fleet apart. */
export function pathKeyOf(path: string): bigint {
  return createHash('sha256').update(path).digest().readBigInt64BE();
}

/** The keys of a file list, as PostgreSQL writes an array. */
function pathKeys(entries: Buffer): string {
  // An older file list is read again when its layer is analyzed again, which resets the keys.
  if (!canDecodeEntries(entries)) return '{}';
  const keys: bigint[] = [];
  for (const { path, type, whiteout } of decodeEntries(entries)) {
    if (type !== 'directory' && whiteout === undefined) keys.push(pathKeyOf(path));
  }
  return `{${keys.join(',')}}`;
}
