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
  /** Digests of manifests or indexes by cluster and by the digest of their config. */
  readonly #configs = new Map<string, readonly Digest[]>();
  #revision = 0;

  /** Grows whenever an answer may have changed. */
  get revision(): number {
    return this.#revision;
  }

  add({ images, nodes, by, atMs }: Pick<Claims, 'images' | 'nodes' | 'by' | 'atMs'>): void {
    for (const { cluster, configDigest, digests } of images) {
      const key = nodeKey(cluster, configDigest);
      const known = this.#configs.get(key) ?? [];
      const all = [...new Set([...known, ...digests])].toSorted();
      if (all.length > known.length) this.#note(this.#configs, key, all, maxConfigs);
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

  /** As the nodes of the cluster list them, or those of which no cluster is known. */
  digestsOf(cluster: string | null, configDigest: Digest): readonly Digest[] {
    const of = (each: string | null) => this.#configs.get(nodeKey(each, configDigest)) ?? [];
    return cluster === null ? of(null) : [...of(cluster), ...of(null)];
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
