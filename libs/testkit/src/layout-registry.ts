import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

interface Descriptor {
  mediaType: string;
  digest: string;
  annotations?: Record<string, string>;
}

/**
 * Registry that serves OCI layouts as they are, even broken ones: an honest one would refuse the
 * upload.
 */
export interface LayoutRegistry {
  url: string;
  stop(): Promise<void>;
}

/**
 * @param layouts folders by repository name
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull
 */
export async function startLayoutRegistry(layouts: ReadonlyMap<string, string>): Promise<LayoutRegistry> {
  const server = createServer((request, response) => {
    const [, name = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^?]+)/.exec(request.url ?? '') ?? [];
    const dir = layouts.get(name);
    const found =
      dir &&
      (kind === 'manifests'
        ? manifestIn(dir, reference)
        : { digest: reference, mediaType: 'application/octet-stream' });
    if (dir === undefined || !found) return void response.writeHead(404).end('{}');
    sendBlob(response, dir, found, request.method === 'HEAD');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Tags of a layout with their digests. */
export function layoutTags(dir: string): { tag: string; digest: string }[] {
  return indexOf(dir).flatMap(({ digest, annotations }) => {
    const tag = annotations?.['org.opencontainers.image.ref.name'];
    return tag === undefined ? [] : [{ tag, digest }];
  });
}

function indexOf(dir: string): Descriptor[] {
  return (JSON.parse(readFileSync(join(dir, 'index.json'), 'utf8')) as { manifests: Descriptor[] }).manifests;
}

function manifestIn(dir: string, reference: string): Descriptor | undefined {
  const digest = reference.startsWith('sha256:')
    ? reference
    : layoutTags(dir).find(({ tag }) => tag === reference)?.digest;
  if (digest === undefined) return undefined;
  const listed = indexOf(dir).find((each) => each.digest === digest);
  return listed ?? { digest, mediaType: mediaTypeIn(dir, digest) };
}

/** Media type that a manifest declares; that of an image where it declares none. */
function mediaTypeIn(dir: string, digest: string): string {
  try {
    const { mediaType } = JSON.parse(readFileSync(blobPath(dir, digest), 'utf8')) as { mediaType?: string };
    return mediaType ?? 'application/vnd.oci.image.manifest.v1+json';
  } catch {
    return 'application/vnd.oci.image.manifest.v1+json';
  }
}

function blobPath(dir: string, digest: string): string {
  return join(dir, 'blobs', ...digest.split(':'));
}

function sendBlob(response: ServerResponse, dir: string, { digest, mediaType }: Descriptor, isHead: boolean): void {
  const path = blobPath(dir, digest);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return void response.writeHead(404).end('{}');
  response.writeHead(200, { 'content-type': mediaType, 'content-length': size, 'docker-content-digest': digest });
  if (isHead) response.end();
  else createReadStream(path).pipe(response);
}
