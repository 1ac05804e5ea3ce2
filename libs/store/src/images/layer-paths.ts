import { hash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { contentKeysOf } from '@tidewaiter/facts';
import { canDecodeEntries, decodeEntryPages } from '@tidewaiter/oci';

import { columnsOf } from '../core/columns.js';
import { type Queries, Store } from '../core/store.js';
import { LayerRow } from './layer-rows.js';

/** Limit on the layers in the result of one search by path. */
export const maxPathLayers = 10_000;

/** Bytes of a file list that are read at once. */
const sliceBytes = 1 << 20;
const bigintOid = 20;
/** Size of a `bigint` in a binary array: its length and its bytes. */
const elementBytes = 12;

/**
 * Directories that a distribution with a merged /usr also offers under /usr, so that one program
 * has two paths.
 */
const mergedDirectories = /^(?:usr\/)?(?=(?:bin|sbin|lib|lib32|lib64|libx32)\/)/;

const diffIdOnly = columnsOf(LayerRow, { only: ['diffId'] });
const versionColumns = diffIdOnly.computed<{ version: Buffer }>({ version: 'substring(entries FOR 1)' });

/**
 * An index of the paths and contents of all layers: layers are shared, so each is indexed once
 * however many images have it.
 */
@Injectable()
export class LayerPaths {
  constructor(private readonly store: Store) {}

  /**
   * DiffIDs of the layers that have a file or link at an absolute path, or at its twin of a merged
   * /usr.
   */
  async layersWith(path: string): Promise<string[]> {
    const below = path.replace(/^\/+/, '');
    const merged = below.replace(mergedDirectories, '');
    const keys = new Set([below, ...(mergedDirectories.test(below) ? [merged, `usr/${merged}`] : [])].map(pathKeyOf));
    const rows = await this.store.transaction(async (tx) => {
      // The planner ignores the size of the arrays, which are stored out of line, and would scan
      // the whole table.
      await tx.query('SET LOCAL enable_seqscan = off');
      return tx.rows(diffIdOnly, `FROM layer WHERE path_keys && $1::bigint[] LIMIT ${maxPathLayers}`, [
        [...keys].map(String),
      ]);
    });
    return rows.map(({ diffId }) => diffId);
  }

  /** Paths of the files of a layer that have a content. */
  async pathsOf(diffId: string, sha256: string): Promise<string[]> {
    const paths: string[] = [];
    for await (const page of decodeEntryPages(entriesOf(this.store, diffId))) {
      for (const entry of page) if (entry.sha256 === sha256) paths.push(entry.path);
    }
    return paths;
  }

  /** Indexes one layer that is not indexed yet; false where there is none. */
  async indexNext(): Promise<boolean> {
    return this.store.transaction(async (tx) => {
      const [layer] = await tx.rows(
        versionColumns,
        `FROM layer WHERE path_keys IS NULL OR content_keys IS NULL LIMIT 1
         FOR UPDATE SKIP LOCKED`,
      );
      if (!layer) return false;
      // An older file list is read again when its layer is analyzed again, which resets the keys.
      const { paths, contents } = canDecodeEntries(layer.version) ? await keysOf(entriesOf(tx, layer.diffId)) : noKeys;
      await tx.query(
        'UPDATE layer SET path_keys = $2::bigint[], content_keys = coalesce(content_keys, $3::bigint[]) WHERE diff_id = $1',
        [layer.diffId, paths, contents],
      );
      return true;
    });
  }
}

const noKeys = { paths: bigintArray([]), contents: bigintArray([]) };

/**
 * Eight bytes of the SHA-256 of a path without its leading slash: enough to distinguish all paths
 * of a fleet.
 */
export function pathKeyOf(path: string): bigint {
  return hash('sha256', path, 'buffer').readBigInt64BE();
}

/** The file list of a layer in slices: one of a million entries takes a hundred megabytes. */
async function* entriesOf(queries: Queries, diffId: string): AsyncGenerator<Buffer> {
  for (let from = 1; ; from += sliceBytes) {
    const [row] = await queries.aggregate<{ slice: Buffer }>(
      `SELECT substring(entries FROM $2 FOR ${sliceBytes}) AS slice FROM layer WHERE diff_id = $1`,
      [diffId, from],
    );
    if (!row || row.slice.length === 0) return;
    yield row.slice;
  }
}

/** The keys of the paths and contents of a file list, each as a `bigint[]`. */
async function keysOf(entries: AsyncIterable<Buffer>): Promise<{ paths: Buffer; contents: Buffer }> {
  const pages: Buffer[] = [];
  const contents: Buffer[] = [];
  for await (const page of decodeEntryPages(entries)) {
    contents.push(elementsOf(contentKeysOf(page, page.length)));
    const keys = Buffer.allocUnsafe(page.length * elementBytes);
    let end = 0;
    for (const { path, type, whiteout } of page) {
      if (type === 'directory' || whiteout !== undefined) continue;
      keys.writeInt32BE(8, end);
      keys.write(hash('sha256', path, 'hex'), end + 4, 8, 'hex');
      end += elementBytes;
    }
    pages.push(keys.subarray(0, end));
  }
  return { paths: bigintArray(pages), contents: bigintArray(contents) };
}

function elementsOf(keys: BigInt64Array): Buffer {
  const elements = Buffer.allocUnsafe(keys.length * elementBytes);
  for (const [index, key] of keys.entries()) {
    elements.writeBigInt64BE(key, elements.writeInt32BE(8, index * elementBytes));
  }
  return elements;
}

/**
 * A `bigint[]` in the binary form of PostgreSQL's protocol: as text it would take twice as much,
 * and as numbers of JavaScript four times.
 * @param pages elements, each its length (32 bits) and its eight bytes
 */
function bigintArray(pages: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(20);
  const bytes = pages.reduce((sum, page) => sum + page.length, 0);
  // Dimensions, whether there are nulls, type of the elements; then the only dimension's length and
  // first index.
  [1, 0, bigintOid, bytes / elementBytes, 1].forEach((value, index) => header.writeInt32BE(value, 4 * index));
  return Buffer.concat([header, ...pages]);
}
