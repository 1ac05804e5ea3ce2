import { type Digest, InvalidInput, isDigest, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import type { Egress } from '@tidewaiter/egress';
import { type Descriptor, lastBytes } from '@tidewaiter/oci';

import { readBlob, sizeMismatch, type BlobDescriptor, type BlobPart } from './blob.js';
import type { RegistryConnection } from './connection.js';
import { HostClient, type FetchedManifest, type ResolvedManifest } from './host-client.js';
import { Mirror } from './mirror.js';
import { checkRepository, qualify } from './reference.js';
import type { UploadOptions } from './upload.js';

const MAX_ATTEMPTS = 4;
/** Limit up to which content of mirrors is checked before its first byte is returned. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/**
 * Reads manifests and blobs from one registry, through its mirrors if it has some. All results are
 * verified by their digest, for any host. Writes go to the registry itself.
 */
export class RegistryClient {
  /** `docker.io`, `localhost:5000` */
  readonly host: string;
  readonly hasMirrors: boolean;
  readonly #isRewritten: boolean;
  readonly #origin: HostClient;
  readonly #mirrors: readonly Mirror[];

  /** @throws InvalidInput `REGISTRY_CONNECTION` */
  constructor(connection: RegistryConnection, egress: Egress) {
    this.#isRewritten = connection.rewrite !== undefined;
    this.#origin = new HostClient(connection, egress, MAX_ATTEMPTS);
    this.#mirrors = (connection.mirrors ?? []).map((mirror) => new Mirror(mirror, egress));
    this.host = this.#origin.host;
    this.hasMirrors = this.#mirrors.length > 0;
  }

  /**
   * Resolves a tag or digest.
   * @throws InvalidInput `REFERENCE_INVALID`, and as `manifest` where the registry's headers are
   * not enough
   * @throws NotFound `MANIFEST_UNKNOWN`
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws Unavailable with `retryAfterMs` where the registry names a time
   */
  async resolve(repository: string, reference: string, signal?: AbortSignal): Promise<ResolvedManifest> {
    const name = this.#repository(repository);
    return this.#ask(isDigest(reference), (host) => host.resolve(name, reference, signal), signal);
  }

  /**
   * Fetches a manifest or index by tag or digest.
   * @throws InvalidInput `REFERENCE_INVALID`, `DIGEST_MISMATCH`
   * @throws LimitExceeded over 4 MiB
   * @throws NotFound `MANIFEST_UNKNOWN`
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws Unavailable with `retryAfterMs` where the registry names a time
   */
  async manifest(repository: string, reference: string, signal?: AbortSignal): Promise<FetchedManifest> {
    const name = this.#repository(repository);
    return this.#ask(isDigest(reference), (host) => host.manifest(name, reference, signal), signal);
  }

  /**
   * Streams a layer or config. Trust the bytes only once the end is reached without an error.
   * @throws InvalidInput `REFERENCE_INVALID`, `SIZE_MISMATCH`, `DIGEST_MISMATCH`
   * @throws NotFound `BLOB_UNKNOWN`
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws Unavailable with `retryAfterMs` where the registry names a time; `MIRROR_UNTRUE` where
   * a mirror gave other bytes,
   *   which is left alone from then on
   */
  blob(repository: string, descriptor: BlobDescriptor, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const { digest, size } = descriptor;
    if (!isDigest(digest)) throw new InvalidInput('REFERENCE_INVALID', 'a blob is asked for without a sha256 digest');
    if (!Number.isSafeInteger(size) || size < 0) throw sizeMismatch(digest, 'no readable size in its descriptor');
    const name = this.#repository(repository);
    return size > MAX_HELD_BYTES || !this.hasMirrors
      ? this.#mirroredBlob(name, descriptor, signal)
      : this.#heldBlob(name, descriptor, signal);
  }

  /**
   * Reads from the registry itself. A caller that could not parse the bytes of `blob` must retry
   * here: they may come from a mirror, and a reader that stops at the first wrong byte never
   * verifies the digest.
   */
  blobOfOrigin(repository: string, descriptor: BlobDescriptor, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const name = this.#repository(repository);
    return readBlob(descriptor, (from) => this.#origin.openBlob(name, descriptor, from, signal), signal);
  }

  /**
   * Last bytes of a blob. No digest proves them.
   * @throws as `blob`
   */
  async blobEnd(repository: string, descriptor: BlobDescriptor, bytes: number, signal?: AbortSignal): Promise<Buffer> {
    const from = Math.max(0, descriptor.size - bytes);
    const name = this.#repository(repository);
    return this.#ask(
      true,
      async (host) => lastBytes((await host.openBlob(name, descriptor, from, signal)).body, bytes),
      signal,
    );
  }

  /**
   * The manifests whose subject is this one: signatures, attestations. Registries older than OCI
   * 1.1 keep the list under a tag. Skips mirrors: they hold copies of images, not always the
   * artifacts about them.
   * @throws InvalidInput `REFERENCE_INVALID`, `MANIFEST_INVALID`
   * @throws LimitExceeded a page over 4 MiB
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws Unavailable with `retryAfterMs` where the registry names a time
   */
  async referrers(repository: string, digest: Digest, signal?: AbortSignal): Promise<Descriptor[]> {
    if (!isDigest(digest))
      throw new InvalidInput('REFERENCE_INVALID', 'referrers are asked for without a sha256 digest');
    return this.#origin.referrers(this.#repository(repository), digest, signal);
  }

  /**
   * The names of the registry's repositories. Skips mirrors, which do not hold all of them.
   * @throws NotFound `NAME_UNKNOWN` where it has no catalog
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws LimitExceeded, Unavailable with `retryAfterMs` where the registry names a time
   */
  repositories(signal?: AbortSignal): AsyncIterable<string> {
    return this.#origin.repositories(signal);
  }

  /** Tags of a repository, from the registry itself. @throws as `repositories` */
  tags(repository: string, signal?: AbortSignal): AsyncIterable<string> {
    return this.#origin.tags(this.#repository(repository), signal);
  }

  /** Resolves a tag by the registry itself, since a mirror may lag behind. @throws as `resolve` */
  async resolveOfOrigin(repository: string, tag: string, signal?: AbortSignal): Promise<ResolvedManifest> {
    return this.#origin.resolve(this.#repository(repository), tag, signal);
  }

  /** Fetches the manifest of a tag from the registry itself. @throws as `manifest` */
  async manifestOfOrigin(repository: string, tag: string, signal?: AbortSignal): Promise<FetchedManifest> {
    return this.#origin.manifest(this.#repository(repository), tag, signal);
  }

  /**
   * Stores a blob in the registry itself unless it is there; returns whether it was sent. A blob of
   * another repository of the registry is mounted instead, where it allows that.
   * @throws InvalidInput `REFERENCE_INVALID`, `DIGEST_MISMATCH`
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`, and Unavailable
   */
  async putBlob(
    repository: string,
    descriptor: BlobDescriptor,
    read: () => Promise<Buffer>,
    options: UploadOptions = {},
  ): Promise<boolean> {
    const from = options.from === undefined ? undefined : this.#repository(options.from);
    return this.#origin.putBlob(this.#repository(repository), descriptor, read, { ...options, from });
  }

  /** Stores a manifest in the registry itself, under a tag or its digest. @throws as `putBlob` */
  async putManifest(
    repository: string,
    reference: string,
    manifest: FetchedManifest,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#origin.putManifest(this.#repository(repository), reference, manifest, signal);
  }

  /** Blob whose parts may come from mirrors. */
  async *#mirroredBlob(name: string, descriptor: BlobDescriptor, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const givers = new Set<Mirror>();
    const open = (from: number): Promise<BlobPart> =>
      this.#ask(
        true,
        async (host, mirror) => {
          const part = await host.openBlob(name, descriptor, from, signal);
          if (!mirror) return part;
          givers.add(mirror);
          return { ...part, body: mirror.watched(part.body) };
        },
        signal,
      );
    try {
      yield* readBlob(descriptor, open, signal);
    } catch (error) {
      if (givers.size === 0 || !isUntrue(error)) throw error;
      for (const mirror of givers) mirror.distrust();
      const hosts = [...givers].map(({ host }) => host).join(' or ');
      throw new Unavailable('MIRROR_UNTRUE', `${hosts} gives other bytes as ${descriptor.digest}`, { cause: error });
    }
  }

  /**
   * Small blob, complete and verified: a mirror that sends other bytes is skipped before the caller
   * sees any of them.
   */
  async *#heldBlob(name: string, descriptor: BlobDescriptor, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for (;;) {
      try {
        const held: Uint8Array[] = [];
        for await (const chunk of this.#mirroredBlob(name, descriptor, signal)) held.push(chunk);
        yield* held;
        return;
      } catch (error) {
        if (!(error instanceof Unavailable) || error.code !== 'MIRROR_UNTRUE') throw error;
      }
    }
  }

  /** Tries the mirrors, then the registry, whose answer counts after any failure of a mirror. */
  async #ask<Answer>(
    byDigest: boolean,
    ask: (host: HostClient, mirror?: Mirror) => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    for (const mirror of this.#mirrors) {
      if (!mirror.isAskedFor(byDigest)) continue;
      try {
        return await ask(mirror.client, mirror);
      } catch (error) {
        if (signal?.aborted || !(error instanceof TidewaiterError)) throw error;
        mirror.failed(error);
      }
    }
    return ask(this.#origin);
  }

  #repository(repository: string): string {
    // The names of another registry are not Docker Hub's even if it redirects there.
    return checkRepository(this.#isRewritten ? repository : qualify(this.host, repository));
  }
}

function isUntrue(error: unknown): boolean {
  return error instanceof InvalidInput && (error.code === 'DIGEST_MISMATCH' || error.code === 'SIZE_MISMATCH');
}
