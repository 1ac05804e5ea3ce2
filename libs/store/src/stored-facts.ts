import type { Digest } from '@tidewaiter/domain';
import {
  type AccessKey,
  ByteCache,
  type ImageFacts,
  type KnownFacts,
  type KnownSecret,
  type WorkloadFacts,
} from '@tidewaiter/facts';
import type { WorkloadRef } from '@tidewaiter/workloads';

import type { ImageFactsOf } from './image-facts.js';

type SecretPlace = { digest: Digest; secret: KnownSecret };

export interface StoredFactsOptions {
  /** What is kept in memory of images. */
  maxBytes?: number;
  /** What is known of workloads: the ledger. */
  workload?: (workload: WorkloadRef) => WorkloadFacts | null;
  /** Who runs an image, asked together with whose key it holds. */
  running?: (digests: readonly Digest[]) => Promise<readonly WorkloadRef[]>;
}

/** An image that nobody knew may have been scanned since. */
const unknownForMs = 30_000;
const defaultBytes = 256 * 1024 * 1024;
/** The memory that the note takes that nothing is known. */
const noteBytes = 256;

/**
 * What the store knows, for questions that cannot wait: fetched before they are asked, kept while there is room. What was not
 * fetched is not known.
 */
export class StoredFacts implements KnownFacts {
  readonly #images: ByteCache<{ facts: ImageFacts | null; atMs: number }>;
  readonly #keys = new ByteCache<{ found: SecretPlace | null; atMs: number }>(4 * 1024 * 1024);
  /** Of images that hold a key which is used. */
  readonly #workloads = new ByteCache<readonly WorkloadRef[]>(4 * 1024 * 1024);
  readonly #loading = new Map<string, Promise<void>>();
  /** Images that changed while they were read: what was read is not kept. */
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

  /** Whether a look-up would say more than is known now. */
  needs(digest: Digest, nowMs: number): boolean {
    const known = this.#images.get(digest);
    return known === undefined || (known.facts === null && nowMs - known.atMs > unknownForMs);
  }

  /** Fetches what is not known of images, and of the keys that sign calls, a few at a time. */
  async prefetch(digests: Iterable<Digest>, keyFingerprints: Iterable<string>, nowMs: number): Promise<void> {
    for (const digest of new Set(digests)) {
      if (this.needs(digest, nowMs)) await this.#once(digest, () => this.#loadImage(digest, nowMs));
    }
    for (const key of new Set(keyFingerprints)) {
      const known = this.#keys.get(key);
      if (!known || nowMs - known.atMs > unknownForMs) await this.#once(key, () => this.#loadKey(key, nowMs));
    }
  }

  /** An image was analysed, its findings or its tag changed: what is known of it is read again when it is next needed. */
  forget(digest: Digest): void {
    this.#images.delete(digest);
    if (this.#loading.has(digest)) this.#stale.add(digest);
  }

  /** What is said of vulnerabilities changed: of which images, nobody tells. */
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

  /** Two who need the same wait for one look-up. */
  async #once(key: string, load: () => Promise<void>): Promise<void> {
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = load().finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    await loading;
  }
}
