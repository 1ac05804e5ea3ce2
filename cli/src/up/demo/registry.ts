import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

import type { DemoImage } from './fleet.js';
import { tarOf } from './tar.js';

const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

interface Blob {
  mediaType: string;
  bytes: Buffer;
}

/** A read-only registry on the loopback address, and a chat that accepts, refuses or is down. */
export interface DemoServer {
  /** Adds an image under a tag, which moves; returns the digest of its manifest. */
  push(repository: string, tag: string, image: DemoImage): string;
  stop(): Promise<void>;
}

/** HTTP statuses of the channels of the demo, by path: `/chat/team` accepts. */
const chats: Readonly<Record<string, number>> = { team: 200, incidents: 200, retired: 410, maintenance: 503 };

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull */
export async function startDemoServer(port: number): Promise<DemoServer> {
  const blobs = new Map<string, Blob>();
  const tags = new Map<string, Map<string, string>>();
  const add = (mediaType: string, bytes: Buffer): { mediaType: string; digest: string; size: number } => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, { mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://demo');
    const chat = chats[/^\/chat\/(\w+)$/.exec(pathname)?.[1] ?? ''];
    if (chat !== undefined) return void request.resume().once('end', () => answer(response, chat, {}));
    if (pathname === '/v2/') return answer(response, 200, {});
    if (pathname === '/v2/_catalog') return answer(response, 200, { repositories: [...tags.keys()] });
    const [, repository = '', kind, reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(pathname) ?? [];
    if (kind === 'tags')
      return answer(response, 200, { name: repository, tags: [...(tags.get(repository)?.keys() ?? [])] });
    const digest = tags.get(repository)?.get(reference) ?? reference;
    const blob = blobs.get(digest);
    if (!blob) return answer(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] });
    response.setHeader('content-type', blob.mediaType).setHeader('docker-content-digest', digest);
    response.setHeader('content-length', blob.bytes.length).end(request.method === 'HEAD' ? undefined : blob.bytes);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    push(repository, tag, { layers, config = {}, artifactType }) {
      const tars = layers.map(tarOf);
      const diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
      const image = { architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers', diff_ids: diffIds } };
      const manifest = {
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        ...(artifactType !== undefined && { artifactType }),
        config: add(artifactType ?? mediaTypes.config, Buffer.from(JSON.stringify(image))),
        layers: tars.map((tar) => add(mediaTypes.layer, gzipSync(tar))),
      };
      const { digest } = add(mediaTypes.manifest, Buffer.from(JSON.stringify(manifest)));
      const ofRepository = tags.get(repository) ?? new Map<string, string>();
      tags.set(repository, ofRepository.set(tag, digest));
      return digest;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
