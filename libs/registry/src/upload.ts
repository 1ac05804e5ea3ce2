import { createHash } from 'node:crypto';

import { type Digest, InvalidInput, isDigest, NotFound, Unavailable } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/egress';

import type { BlobDescriptor } from './blob.js';
import { checkTag } from './reference.js';
import { backoffMs, pause } from './retry.js';
import type { RegistrySession } from './session.js';

export interface UploadOptions {
  signal?: AbortSignal | undefined;
  /** Other repository of the registry that has the blob. */
  from?: string | undefined;
}

/** Bytes of one request. Larger blobs are sent in parts, of which each can be sent again alone. */
const partBytes = 4 * 1024 * 1024;
const maxFailures = 4;

/**
 * Stores a blob unless it is there; returns whether its bytes were sent.
 * @throws InvalidInput `DIGEST_MISMATCH` where the bytes are not those of the descriptor
 * @throws AccessDenied; Unavailable when the registry keeps failing
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export async function uploadBlob(
  session: RegistrySession,
  repository: string,
  { digest, size }: BlobDescriptor,
  read: () => Promise<Buffer>,
  { signal, from }: UploadOptions,
): Promise<boolean> {
  if (await hasBlob(session, repository, digest, signal)) return false;
  let bytes: Buffer | undefined;
  for (let failures = 0; ;) {
    try {
      const start = await begin(session, repository, { digest, from, signal });
      if (start === 'mounted') return false;
      bytes ??= checked(await read(), digest, size);
      await send(session, repository, start, digest, bytes, signal);
      return true;
    } catch (error) {
      failures += 1;
      // An upload that the registry has forgotten begins again.
      const isLost = error instanceof Unavailable || error instanceof NotFound;
      if (!isLost || failures === maxFailures || signal?.aborted) throw error;
      await pause(backoffMs(failures), signal);
      if (await hasBlob(session, repository, digest, signal)) return true;
    }
  }
}

/**
 * Stores a manifest under a tag or its digest.
 * @throws InvalidInput `REFERENCE_INVALID`, `DIGEST_MISMATCH` where the registry stored another
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 */
export async function uploadManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
  { digest, mediaType, bytes }: { digest: Digest; mediaType: string; bytes: Buffer },
  signal?: AbortSignal,
): Promise<void> {
  const path = `manifests/${isDigest(reference) ? reference : checkTag(reference)}`;
  for (let failures = 0; ;) {
    try {
      const response = await session.send({
        ...{ repository, path, method: 'PUT', body: bytes, signal },
        headers: { 'content-type': mediaType },
        unknown: 'NAME_UNKNOWN',
      });
      await response.discard();
      if (response.status !== 201 && response.status !== 202) throw session.unexpected(response.status);
      const stored = response.headers['docker-content-digest'];
      if (!isDigest(stored) || stored === digest) return;
      throw new InvalidInput('DIGEST_MISMATCH', `${session.endpoint.host} stored ${stored} instead of ${digest}`);
    } catch (error) {
      failures += 1;
      if (!(error instanceof Unavailable) || failures === maxFailures || signal?.aborted) throw error;
      await pause(backoffMs(failures), signal);
    }
  }
}

async function hasBlob(session: RegistrySession, repository: string, digest: Digest, signal?: AbortSignal) {
  try {
    const response = await session.send({
      ...{ repository, path: `blobs/${digest}`, method: 'HEAD', signal },
      unknown: 'BLOB_UNKNOWN',
    });
    await response.discard();
    return response.status === 200;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

/** Opens an upload; returns its path below the repository. */
async function begin(
  session: RegistrySession,
  repository: string,
  { digest, from, signal }: { digest: Digest } & UploadOptions,
): Promise<string> {
  const mount = from === undefined ? '' : `?${new URLSearchParams({ mount: digest, from }).toString()}`;
  const response = await session.send({
    ...{ repository, path: `blobs/uploads/${mount}`, method: 'POST', signal },
    headers: { 'content-length': '0' },
    unknown: 'NAME_UNKNOWN',
  });
  await response.discard();
  if (response.status === 201) return 'mounted';
  if (response.status !== 202) throw session.unexpected(response.status);
  return locationOf(session, repository, response);
}

async function send(
  session: RegistrySession,
  repository: string,
  start: string,
  digest: Digest,
  bytes: Buffer,
  signal?: AbortSignal,
): Promise<void> {
  let location = start;
  let rest = bytes;
  if (bytes.length > partBytes) {
    location = await sendParts(session, repository, start, bytes, signal);
    rest = Buffer.alloc(0);
  }
  const response = await session.send({
    ...{ repository, path: withQuery(location, digest), method: 'PUT', body: rest, signal },
    headers: { 'content-type': 'application/octet-stream' },
    unknown: 'BLOB_UNKNOWN',
  });
  await response.discard();
  if (response.status !== 201 && response.status !== 204) throw session.unexpected(response.status);
}

/** Sends all bytes in parts; after a failure continues where the registry is. */
async function sendParts(
  session: RegistrySession,
  repository: string,
  start: string,
  bytes: Buffer,
  signal?: AbortSignal,
): Promise<string> {
  let location = start;
  let failures = 0;
  for (let at = 0; at < bytes.length;) {
    const part = bytes.subarray(at, at + partBytes);
    try {
      const response = await session.send({
        ...{ repository, path: location, method: 'PATCH', body: part, signal },
        headers: { 'content-type': 'application/octet-stream', 'content-range': `${at}-${at + part.length - 1}` },
        unknown: 'BLOB_UNKNOWN',
      });
      await response.discard();
      if (response.status !== 202) throw session.unexpected(response.status);
      location = locationOf(session, repository, response);
      at += part.length;
    } catch (error) {
      failures += 1;
      if (!(error instanceof Unavailable) || failures === maxFailures || signal?.aborted) throw error;
      await pause(backoffMs(failures), signal);
      ({ location, at } = await position(session, repository, location, signal));
    }
  }
  return location;
}

/** Asks how much of an upload the registry has. */
async function position(session: RegistrySession, repository: string, path: string, signal?: AbortSignal) {
  const response = await session.send({ repository, path, unknown: 'BLOB_UNKNOWN', signal });
  await response.discard();
  const [, end] = /^(?:bytes=)?0-(\d{1,12})$/.exec(response.headers['range'] ?? '') ?? [];
  if (response.status !== 204) throw session.unexpected(response.status);
  // `0-0` means none or one byte: it is sent again from its start.
  const at = end === undefined || end === '0' ? 0 : Number(end) + 1;
  return { at, location: locationOf(session, repository, response, path) };
}

/**
 * Path of an upload below its repository. Another host or repository gets neither the bytes nor our
 * credentials.
 */
function locationOf(
  session: RegistrySession,
  repository: string,
  { status, headers }: EgressResponse,
  otherwise?: string,
): string {
  const { endpoint } = session;
  const root = `/v2/${repository}/`;
  const location = headers['location'];
  if (location === undefined && otherwise !== undefined) return otherwise;
  const url = location === undefined ? null : URL.parse(location, `${endpoint.origin}${root}`);
  if (url?.origin !== endpoint.origin || !url.pathname.startsWith(root)) throw session.unexpected(status);
  return `${url.pathname.slice(root.length)}${url.search}`;
}

function withQuery(location: string, digest: Digest): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

function checked(bytes: Buffer, digest: Digest, size: number): Buffer {
  const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (actual === digest && bytes.length === size) return bytes;
  throw new InvalidInput('DIGEST_MISMATCH', `${bytes.length} bytes to upload as ${digest} are ${actual}`);
}
