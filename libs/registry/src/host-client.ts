import { createHash } from 'node:crypto';

import { InvalidInput, isDigest, NotFound, type Digest } from '@tidewaiter/domain';
import type { Egress, EgressResponse } from '@tidewaiter/egress';
import { type Descriptor, parseReferrers } from '@tidewaiter/oci';

import { sizeMismatch, type BlobDescriptor, type BlobPart } from './blob.js';
import type { RegistryConnection } from './connection.js';
import { listNames } from './listing.js';
import { checkRepository, checkTag } from './reference.js';
import { listReferrers } from './referrers.js';
import { RegistrySession, type RegistryRequest } from './session.js';
import { uploadBlob, uploadManifest, type UploadOptions } from './upload.js';

/** Digest, media type and size of a manifest, without its bytes. */
export interface ResolvedManifest {
  digest: Digest;
  /** As the registry declares it, without parameters; empty when it declares none. */
  mediaType: string;
  /** Bytes. */
  size: number;
}

export interface FetchedManifest {
  digest: Digest;
  /** As the registry declares it, without parameters; empty when it declares none. */
  mediaType: string;
  bytes: Buffer;
}

/**
 * Size that every registry must accept, and the limit of this client.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Time for which it is remembered that an API is missing: a registry may be upgraded. */
const rememberedMs = 60_000;
/** Limit on the repositories of which that is remembered. */
const maxRemembered = 10_000;

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const byteCount = /^\d{1,15}$/;
const contentRange = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/;

/**
 * Reads manifests and parts of blobs from one host. Manifests are verified by their digest, parts
 * cannot be.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export class HostClient {
  /** `docker.io`, `localhost:5000` */
  readonly host: string;
  readonly #session: RegistrySession;
  readonly #rewrite: RegistryConnection['rewrite'];
  /**
   * Repositories without the API for referrers, which each scan would ask for in vain, and until
   * when. By repository, as a registry may hand some on to another one.
   */
  readonly #withoutReferrers = new Map<string, number>();

  /**
   * @param maxAttempts of a request that fails in a way that a repetition may cure
   * @throws InvalidInput `REGISTRY_CONNECTION`
   */
  constructor(connection: RegistryConnection, egress: Egress, maxAttempts: number) {
    this.#session = new RegistrySession(connection, egress, maxAttempts);
    this.host = this.#session.endpoint.host;
    this.#rewrite = connection.rewrite;
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
    const head = await this.#session.send({ ...this.#manifestRead(repository, reference, signal), method: 'HEAD' });
    await head.discard();
    const digest = head.headers['docker-content-digest'];
    const length = head.headers['content-length'] ?? '';
    const isAsked = isDigest(digest) && (digest === reference || !isDigest(reference));
    if (head.status === 200 && isAsked && byteCount.test(length)) {
      return { digest, mediaType: mediaTypeOf(head), size: Number(length) };
    }
    const { bytes, ...fetched } = await this.manifest(repository, reference, signal);
    return { ...fetched, size: bytes.length };
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
    const response = await this.#session.send(this.#manifestRead(repository, reference, signal));
    if (response.status !== 200) {
      await response.discard();
      throw this.#session.unexpected(response.status);
    }
    const bytes = await response.bytes(MAX_MANIFEST_BYTES);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    for (const claimed of [reference, response.headers['docker-content-digest']]) {
      if (!isDigest(claimed) || claimed === digest) continue;
      throw new InvalidInput('DIGEST_MISMATCH', `${this.host} gives ${digest} as ${claimed} of ${repository}`);
    }
    return { digest, mediaType: mediaTypeOf(response), bytes };
  }

  /**
   * Opens a layer or config at a byte.
   * @throws InvalidInput `REFERENCE_INVALID`, `SIZE_MISMATCH`
   * @throws NotFound `BLOB_UNKNOWN`
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws Unavailable with `retryAfterMs` where the registry names a time
   */
  async openBlob(
    repository: string,
    { digest, size }: BlobDescriptor,
    from: number,
    signal?: AbortSignal,
  ): Promise<BlobPart> {
    const read: RegistryRequest = {
      repository: this.#repository(repository),
      path: `blobs/${digest}`,
      unknown: 'BLOB_UNKNOWN',
      signal,
    };
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await this.#session.send({ ...read, headers });
    const part = locate(response);
    if (part && part.start <= from && (part.total ?? size) === size) return { start: part.start, body: response.body };
    await response.discard();
    // 416: there are no bytes from here on, so the blob is shorter than its descriptor declares.
    if (response.status === 416) throw sizeMismatch(digest, `${from} of the declared ${size} bytes`);
    if (part && part.start <= from) throw sizeMismatch(digest, `${part.total} instead of the declared ${size} bytes`);
    throw this.#session.unexpected(response.status);
  }

  /**
   * The manifests whose subject is this one; registries older than OCI 1.1 keep the list under a
   * tag.
   * @throws InvalidInput `MANIFEST_INVALID`, LimitExceeded a page over 4 MiB, and as `manifest`
   * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
   */
  async referrers(repository: string, digest: Digest, signal?: AbortSignal): Promise<Descriptor[]> {
    const listed = await this.#listedReferrers(this.#repository(repository), digest, signal);
    if (listed) return listed;
    try {
      return parseReferrers((await this.manifest(repository, digest.replace(':', '-'), signal)).bytes);
    } catch (error) {
      if (error instanceof NotFound) return [];
      throw error;
    }
  }

  /** Null where the registry does not list them. */
  async #listedReferrers(name: string, digest: Digest, signal?: AbortSignal): Promise<Descriptor[] | null> {
    if ((this.#withoutReferrers.get(name) ?? 0) > performance.now()) return null;
    const listed = await listReferrers(this.#session, name, digest, signal);
    if (listed === 'unsupported') {
      if (this.#withoutReferrers.size >= maxRemembered) this.#withoutReferrers.clear();
      this.#withoutReferrers.set(name, performance.now() + rememberedMs);
    }
    return typeof listed === 'string' ? null : listed;
  }

  /** Stores a blob unless it is there. @throws as `uploadBlob` */
  async putBlob(repository: string, descriptor: BlobDescriptor, read: () => Promise<Buffer>, options: UploadOptions) {
    const from = options.from === undefined ? undefined : this.#repository(options.from);
    return uploadBlob(this.#session, this.#repository(repository), descriptor, read, { ...options, from });
  }

  /** Stores a manifest under a tag or its digest. @throws as `uploadManifest` */
  async putManifest(repository: string, reference: string, manifest: FetchedManifest, signal?: AbortSignal) {
    return uploadManifest(this.#session, this.#repository(repository), reference, manifest, signal);
  }

  /**
   * Asks whether this is a registry, and whether it wants credentials.
   * @throws Unavailable `REGISTRY_UNEXPECTED` where it is none
   * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support
   */
  async ping(signal?: AbortSignal): Promise<'open' | 'locked'> {
    const response = await this.#session.ping(signal);
    await response.discard();
    const isLocked = response.status === 401 && response.headers['www-authenticate'] !== undefined;
    // A web application answers every path with its page.
    const isPage = mediaTypeOf(response) === 'text/html';
    if (isLocked) return 'locked';
    if (response.status === 200 && !isPage) return 'open';
    throw this.#session.unexpected(response.status);
  }

  /**
   * Signs in at the registry, for nothing in it.
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`, and Unavailable
   */
  async authenticate(signal?: AbortSignal): Promise<void> {
    const response = await this.#session.send({ repository: null, path: '', unknown: 'NAME_UNKNOWN', signal });
    await response.discard();
    if (response.status !== 200) throw this.#session.unexpected(response.status);
  }

  /** Repository names, if it has a catalog that we may read. @throws as `listNames` */
  repositories(signal?: AbortSignal): AsyncGenerator<string> {
    return listNames(this.#session, '', '_catalog', signal);
  }

  /** Tags of a repository. @throws as `listNames` */
  tags(repository: string, signal?: AbortSignal): AsyncGenerator<string> {
    return listNames(this.#session, this.#repository(repository), 'tags/list', signal);
  }

  #manifestRead(repository: string, reference: string, signal?: AbortSignal): RegistryRequest {
    const tagOrDigest = isDigest(reference) ? reference : checkTag(reference);
    return {
      repository: this.#repository(repository),
      path: `manifests/${tagOrDigest}`,
      headers: { accept },
      unknown: 'MANIFEST_UNKNOWN',
      signal,
    };
  }

  /** Name of the repository on this host. */
  #repository(repository: string): string {
    const { prefix, location } = this.#rewrite ?? { prefix: '', location: '' };
    return checkRepository(repository.startsWith(prefix) ? location + repository.slice(prefix.length) : repository);
  }
}

/** Position of a response's bytes in the blob, and the total length if the response has it. */
function locate({ status, headers }: EgressResponse): { start: number; total: number | undefined } | undefined {
  const length = headers['content-length'] ?? '';
  if (status === 200) return { start: 0, total: byteCount.test(length) ? Number(length) : undefined };
  const range = status === 206 ? contentRange.exec(headers['content-range'] ?? '') : null;
  return range ? { start: Number(range[1]), total: range[2] === '*' ? undefined : Number(range[2]) } : undefined;
}

function mediaTypeOf({ headers }: EgressResponse): string {
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';', 1);
  return mediaType.trim().toLowerCase();
}
