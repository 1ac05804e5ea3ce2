import type { Digest, Platform } from '@tidewaiter/domain';

import { type Attributed, attribute, mergeByAuthority } from './attributed.js';
import type { Claims } from './claims.js';

const maxConfigs = 100_000;
const maxNodes = 100_000;

/**
 * Platforms of nodes, and digests of the images that they list: both help to determine which
 * manifest runs.
 */
export class NodeRecords {
  readonly #platforms = new Map<string, Attributed<Platform>>();
  /** Digests of manifests or indexes by the digest of their config. */
  readonly #configs = new Map<Digest, readonly Digest[]>();
  #revision = 0;

  /** Grows whenever an answer may have changed. */
  get revision(): number {
    return this.#revision;
  }

  add({ images, nodes, by, atMs }: Pick<Claims, 'images' | 'nodes' | 'by' | 'atMs'>): void {
    for (const { configDigest, digests } of images) {
      const known = this.#configs.get(configDigest) ?? [];
      const all = [...new Set([...known, ...digests])].toSorted();
      if (all.length > known.length) this.#note(this.#configs, configDigest, all, maxConfigs);
    }
    for (const { cluster, node, platform } of nodes) {
      const known = this.#platforms.get(nodeKey(cluster, node)) ?? null;
      const strongest = mergeByAuthority(known, attribute(platform, by, atMs))!;
      if (strongest !== known) this.#note(this.#platforms, nodeKey(cluster, node), strongest, maxNodes);
    }
  }

  platformOf(cluster: string | null, node: string | null): Platform | null {
    return node === null ? null : (this.#platforms.get(nodeKey(cluster, node))?.value ?? null);
  }

  digestsOf(configDigest: Digest): readonly Digest[] {
    return this.#configs.get(configDigest) ?? [];
  }

  #note<Value>(notes: Map<string, Value>, key: string, value: Value, max: number): void {
    notes.set(key, value);
    this.#revision += 1;
    const [oldest] = notes.keys();
    if (notes.size > max && oldest !== undefined) notes.delete(oldest);
  }
}

function nodeKey(cluster: string | null, node: string): string {
  return `${cluster ?? ''}\n${node}`;
}
