import { type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import { digestOf } from './image-builder.js';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
/** Media type of an envelope of DSSE. */
export const envelopeType = 'application/vnd.dsse.envelope.v1+json';

/** Layer of an image, with what its manifest claims of it. */
export interface AnyLayer {
  content: Buffer;
  /** DiffID in the config, if it is false. */
  diffId?: string;
  sizeBytes?: number;
}

/** Claims of an image beside its layers. */
export interface AnyImage {
  /** Digests of blobs that the repository does not have. */
  missing?: string[];
  /** Creation time in the config. */
  created?: string;
  /** How it runs: `User`, `Entrypoint`. */
  config?: Record<string, unknown>;
  /** Instead of linux/amd64. */ architecture?: string;
}

/** Registry that serves any content, even content that no honest registry would. */
export class AnyRegistry {
  readonly #manifests = new Map<string, Buffer>();
  readonly #blobs = new Map<string, Buffer>();
  readonly downloads: string[] = [];
  /** Statuses for the next requests of a path that contains the text. */
  readonly failures: { part: string; status: number }[] = [];
  readonly #server: Server;
  readonly #releaseKey: KeyObject;

  private constructor(server: Server, releaseKey: KeyObject) {
    this.#server = server;
    this.#releaseKey = releaseKey;
  }

  /** @param releaseKey Ed25519 key of its signatures and attestations */
  static async start(releaseKey: KeyObject): Promise<AnyRegistry> {
    const server = createServer();
    const registry = new AnyRegistry(server, releaseKey);
    server.on('request', (request, response) => {
      const { status, body, type } = registry.#answer(request.url ?? '');
      response
        .writeHead(status, {
          'content-type': type,
          'content-length': body.length,
          ...(request.method === 'HEAD' && { 'docker-content-digest': digestOf(body) }),
        })
        .end(request.method === 'HEAD' ? undefined : body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Stores an index of manifests, some of them named more than once; returns its digest. */
  putIndex(
    repository: string,
    tag: string,
    digests: string[],
    platform?: { os: string; architecture: string },
  ): string {
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: digests.map((digest) => ({ mediaType: indexType, digest, size: 1, platform })),
      }),
    );
    for (const reference of [tag, digestOf(index)]) this.#manifests.set(`${repository} ${reference}`, index);
    return digestOf(index);
  }

  /** Stores an index of an image and the SBOM that BuildKit attests of it; returns its digest. */
  putAttested(repository: string, tag: string, image: string, purls: readonly string[]): string {
    const inToto = 'application/vnd.in-toto+json';
    const predicateType = 'https://spdx.dev/Document';
    const statement = Buffer.from(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v0.1',
        predicateType,
        subject: [{ name: 'pkg:docker/app', digest: { sha256: image.slice('sha256:'.length) } }],
        predicate: {
          spdxVersion: 'SPDX-2.3',
          packages: purls.map((purl) => ({ externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] })),
        },
      }),
    );
    const layer = { mediaType: inToto, digest: digestOf(statement), size: statement.length };
    const annotations = { 'in-toto.io/predicate-type': predicateType };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: layer, layers: [{ ...layer, annotations }] }),
    );
    const attested = {
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': image,
      },
    };
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [
          { mediaType: manifestType, digest: image, size: 1, platform: { os: 'linux', architecture: 'amd64' } },
          { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length, ...attested },
        ],
      }),
    );
    this.#blobs.set(`${repository} ${digestOf(statement)}`, statement);
    this.#manifests.set(`${repository} ${digestOf(manifest)}`, manifest);
    for (const reference of [tag, digestOf(index)]) this.#manifests.set(`${repository} ${reference}`, index);
    return digestOf(statement);
  }

  /** Attaches an SBOM to an image, for clients without the API for referrers; returns its tag. */
  putReferrer(repository: string, image: string, purls: readonly string[]): string {
    const artifactType = 'application/vnd.cyclonedx+json';
    const sbom = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', components: purls.map((purl) => ({ purl })) }));
    const layer = { mediaType: artifactType, digest: digestOf(sbom), size: sbom.length };
    const subject = { mediaType: manifestType, digest: image, size: 1 };
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, artifactType, config, layers: [layer], subject }),
    );
    const referrer = { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length, artifactType };
    const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [referrer] }));
    this.#blobs.set(`${repository} ${digestOf(sbom)}`, sbom);
    this.#manifests.set(`${repository} ${digestOf(manifest)}`, manifest);
    this.#manifests.set(`${repository} ${image.replace(':', '-')}`, list);
    return image.replace(':', '-');
  }

  #answer(url: string): { status: number; body: Buffer; type: string } {
    const failure = this.failures.findIndex(({ part }) => url.includes(part));
    if (failure >= 0)
      return { status: this.failures.splice(failure, 1)[0]!.status, body: Buffer.from('{}'), type: 'application/json' };
    const [, repository = '', kind = '', reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    this.downloads.push(reference);
    const found =
      kind === 'manifests'
        ? this.#manifests.get(`${repository} ${reference}`)
        : this.#blobs.get(`${repository} ${reference}`);
    const type = kind === 'manifests' ? 'application/json' : 'application/octet-stream';
    return found
      ? { status: 200, body: found, type }
      : { status: 404, body: Buffer.from('{}'), type: 'application/json' };
  }

  /** Stores an SBOM that the release key attests, as cosign would. */
  putAttestedSbom(repository: string, image: string, purls: readonly string[]): void {
    const content = envelopeOf(
      {
        predicateType: 'https://cyclonedx.org/bom',
        subject: [{ name: 'app', digest: { sha256: image.slice('sha256:'.length) } }],
        predicate: { bomFormat: 'CycloneDX', specVersion: '1.6', components: purls.map((purl) => ({ purl })) },
      },
      this.#releaseKey,
    );
    const layer = { mediaType: envelopeType, digest: digestOf(content), size: content.length };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: layer, layers: [layer] }),
    );
    this.#blobs.set(`${repository} ${digestOf(content)}`, content);
    this.#manifests.set(`${repository} ${image.replace(':', '-')}.att`, manifest);
  }

  /** Stores a signature of an image as cosign would. */
  putSignature(repository: string, image: string): void {
    const critical = { type: 'cosign container image signature', image: { 'docker-manifest-digest': image } };
    const payload = Buffer.from(JSON.stringify({ critical }));
    const mediaType = 'application/vnd.dev.cosign.simplesigning.v1+json';
    const annotations = {
      'dev.cosignproject.cosign/signature': sign(null, payload, this.#releaseKey).toString('base64'),
    };
    const descriptor = { mediaType, digest: digestOf(payload), size: payload.length };
    const layers = [{ ...descriptor, annotations }];
    this.#blobs.set(`${repository} ${digestOf(payload)}`, payload);
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: descriptor, layers }));
    this.#manifests.set(`${repository} ${image.replace(':', '-')}.sig`, manifest);
  }

  /** Stores an image; returns its digest. */
  put(
    repository: string,
    tag: string,
    layers: AnyLayer[],
    { missing = [], created, config: run, architecture = 'amd64' }: AnyImage = {},
  ): string {
    const blobs = layers.map(({ content, diffId, sizeBytes }) => {
      const blob = gzipSync(content);
      return { blob, digest: digestOf(blob), size: sizeBytes ?? blob.length, diffId: diffId ?? digestOf(content) };
    });
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        created,
        config: { Labels: { tag }, ...run },
        rootfs: { type: 'layers', diff_ids: blobs.map(({ diffId }) => diffId) },
      }),
    );
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: config.length,
        },
        layers: blobs.map(({ digest, size }) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest,
          size,
        })),
      }),
    );
    for (const { blob, digest } of blobs)
      if (!missing.includes(digest)) this.#blobs.set(`${repository} ${digest}`, blob);
    this.#blobs.set(`${repository} ${digestOf(config)}`, config);
    for (const reference of [tag, digestOf(manifest)]) this.#manifests.set(`${repository} ${reference}`, manifest);
    return digestOf(manifest);
  }
}

/** Statement in an envelope of DSSE, signed by a key. */
export function envelopeOf(statement: object, key: KeyObject): Buffer {
  const payload = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', ...statement }));
  const payloadType = 'application/vnd.in-toto+json';
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  const signatures = [{ sig: sign(null, message, key).toString('base64') }];
  return Buffer.from(JSON.stringify({ payloadType, payload: payload.toString('base64'), signatures }));
}
