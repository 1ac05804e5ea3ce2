import { ByteCache } from '@tidewaiter/collections';
import type { Digest } from '@tidewaiter/domain';
import {
  type AccessKey,
  type ImageFacts,
  type FactsView,
  type SecretView,
  type WorkloadFacts,
} from '@tidewaiter/facts';
import type { WorkloadRef } from '@tidewaiter/workloads';

import type { ImageFactsOf } from './image-facts.js';

type SecretPlace = { digest: Digest; secret: SecretView };

export interface StoredFactsOptions {
  /** Size of the cache of images. */
  maxBytes?: number;
  /** Looks up the facts of a workload in the ledger. */
  workload?: (workload: WorkloadRef) => WorkloadFacts | null;
  /** Looks up the workloads that run images; called together with the look-up of a key. */
  running?: (digests: readonly Digest[]) => Promise<readonly WorkloadRef[]>;
}

/** Lifetime of a negative cache entry: an unknown image may have been scanned since. */
const unknownForMs = 30_000;
const defaultBytes = 256 * 1024 * 1024;
/** Size in memory of a negative cache entry. */
const noteBytes = 256;

/**
 * Cache of the store's facts for synchronous look-ups: filled by `prefetch`, limited in size. Facts
 * that were not prefetched are unknown.
 */
export class StoredFacts implements FactsView {
  readonly #images: ByteCache<{ facts: ImageFacts | null; atMs: number }>;
  readonly #keys = new ByteCache<{ found: SecretPlace | null; atMs: number }>(4 * 1024 * 1024);
  /** Workloads of images that hold a key in use. */
  readonly #workloads = new ByteCache<readonly WorkloadRef[]>(4 * 1024 * 1024);
  readonly #loading = new Map<string, Promise<void>>();
  /** Images that changed while they were loaded, so that the result must be dropped. */
  readonly #stale = new Set<string>();

  constructor(
    private readonly source: Pick<ImageFactsOf, 'load' | 'withSecret'>,
    private readonly options: StoredFactsOptions = {},
  ) {
    this.#images = new ByteCache(options.maxBytes ?? defaultBytes);
  }

  image(digest: Digest): ImageFacts | null {
    return this.#images.get(digest)?.facts ?? null;
  }

  workload(workload: WorkloadRef): WorkloadFacts | null {
    return this.options.workload?.(workload) ?? null;
  }

  workloadsOf(digest: Digest): readonly WorkloadRef[] {
    return this.#workloads.get(digest) ?? [];
  }

  secretOfKey({ fingerprint }: AccessKey): SecretPlace | null {
    return fingerprint === null ? null : (this.#keys.get(fingerprint)?.found ?? null);
  }

  /** Whether the image has to be loaded: it is not cached, or its negative entry has expired. */
  needs(digest: Digest, nowMs: number): boolean {
    const known = this.#images.get(digest);
    return known === undefined || (known.facts === null && Math.abs(nowMs - known.atMs) > unknownForMs);
  }

  /** Loads missing facts of images and of keys that sign calls, one after the other. */
  async prefetch(digests: Iterable<Digest>, keyFingerprints: Iterable<string>, nowMs: number): Promise<void> {
    for (const digest of new Set(digests)) {
      if (this.needs(digest, nowMs)) await this.#once(digest, () => this.#loadImage(digest, nowMs));
    }
    for (const key of new Set(keyFingerprints)) {
      const known = this.#keys.get(key);
      if (!known || Math.abs(nowMs - known.atMs) > unknownForMs) await this.#once(key, () => this.#loadKey(key, nowMs));
    }
  }

  /** Invalidates an image after an analysis, or a change of its findings or tag. */
  forget(digest: Digest): void {
    this.#images.delete(digest);
    if (this.#loading.has(digest)) this.#stale.add(digest);
  }

  /**
   * Invalidates all images after a change of advisories, whose affected images are not known here.
   */
  forgetAll(): void {
    this.#images.clear();
    for (const digest of this.#loading.keys()) this.#stale.add(digest);
  }

  get bytes(): number {
    return this.#images.bytes;
  }

  async #loadImage(digest: Digest, nowMs: number): Promise<void> {
    const loaded = await this.source.load(digest);
    if (this.#stale.delete(digest)) return;
    this.#images.set(digest, { facts: loaded?.facts ?? null, atMs: nowMs }, loaded?.bytes ?? noteBytes);
  }

  async #loadKey(fingerprint: string, nowMs: number): Promise<void> {
    const { running } = this.options;
    const found = await this.source.withSecret(fingerprint);
    const workloads = (found && (await running?.([found.digest]))) ?? [];
    if (found) this.#workloads.set(found.digest, workloads, noteBytes * (workloads.length + 1));
    this.#keys.set(fingerprint, { found, atMs: nowMs }, noteBytes);
  }

  /** Shares one load between concurrent callers with the same key. */
  async #once(key: string, load: () => Promise<void>): Promise<void> {
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = load().finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    await loading;
  }
}
