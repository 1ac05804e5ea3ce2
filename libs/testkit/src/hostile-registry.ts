import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

import { startHttpServer } from './http-server.js';
import { digestOf } from './image-builder.js';

/** How a repository answers for its layers. */
export type LayerAnswer = 'good' | 'drip' | 'wrong' | 'missing' | 'failing' | 'redirecting';

/** Registry whose repositories lie, fail or drip. */
export interface HostileRegistry {
  url: string;
  /** Repositories whose layers were asked for, in order. */
  readonly asked: readonly string[];
  /**
   * Stores an image of uncompressed layers; returns its digest.
   * @param declared size of each layer, if it is not the true one
   */
  put(repository: string, tag: string, layers: readonly Buffer[], answer?: LayerAnswer, declared?: number): string;
  stop(): Promise<void>;
}

interface Repository {
  answer: LayerAnswer;
  contents: Map<string, Buffer>;
  /** Layers by digest. */
  layers: Map<string, Buffer>;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const dripBytes = 64;
const dripMs = 2_000;

/** Starts a registry on a free port of this machine. */
export async function startHostileRegistry(): Promise<HostileRegistry> {
  const repositories = new Map<string, Repository>();
  const asked: string[] = [];
  const drips = new Set<NodeJS.Timeout>();
  const { port, stop } = await startHttpServer((request, response) => {
    const [, name = '', reference = ''] = /^\/v2\/(.{1,200})\/(?:manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
    const repository = repositories.get(name);
    const content = repository?.contents.get(reference);
    const layer = repository?.layers.get(reference);
    if (content) return send(response, 200, content, request.method === 'HEAD');
    if (!repository || !layer) return send(response, 404, Buffer.from('{}'));
    asked.push(name);
    return answerLayer(response, repository.answer, request.url!, layer, drips);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    put(name, tag, layers, answer = 'good', declared) {
      const repository = repositories.get(name) ?? { answer, contents: new Map(), layers: new Map() };
      repositories.set(name, { ...repository, answer });
      const blobs = layers.map((layer) => ({ blob: gzipSync(layer), diffId: digestOf(layer) }));
      const config = Buffer.from(
        JSON.stringify({
          architecture: 'amd64',
          os: 'linux',
          config: { Labels: { name, tag } },
          rootfs: { type: 'layers', diff_ids: blobs.map(({ diffId }) => diffId) },
        }),
      );
      const descriptors = blobs.map(({ blob }) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: digestOf(blob),
        size: declared ?? blob.length,
      }));
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: manifestType,
          config: {
            mediaType: 'application/vnd.oci.image.config.v1+json',
            digest: digestOf(config),
            size: config.length,
          },
          layers: descriptors,
        }),
      );
      for (const { blob } of blobs) repository.layers.set(digestOf(blob), blob);
      repository.contents.set(digestOf(config), config);
      for (const reference of [tag, digestOf(manifest)]) repository.contents.set(reference, manifest);
      return digestOf(manifest);
    },
    async stop() {
      for (const drip of drips) clearInterval(drip);
      await stop();
    },
  };
}

function answerLayer(
  response: ServerResponse,
  answer: LayerAnswer,
  path: string,
  layer: Buffer,
  drips: Set<NodeJS.Timeout>,
): void {
  if (answer === 'missing') return send(response, 404, Buffer.from('{}'));
  if (answer === 'failing') return send(response, 503, Buffer.from('{}'));
  if (answer === 'wrong') return send(response, 200, randomBytes(layer.length));
  if (answer === 'redirecting') return void response.writeHead(307, { location: path }).end();
  if (answer === 'good') return send(response, 200, layer);
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  let at = 0;
  const drip = setInterval(() => {
    response.write(layer.subarray(at, at + dripBytes));
    at += dripBytes;
  }, dripMs);
  drips.add(drip);
  response.on('close', () => clearInterval(drip));
}

function send(response: ServerResponse, status: number, body: Buffer, isHead = false): void {
  const type = body[0] === 0x7b ? manifestType : 'application/octet-stream';
  const digest = { 'docker-content-digest': digestOf(body) };
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, ...(status === 200 && digest) });
  response.end(isHead ? undefined : body);
}
