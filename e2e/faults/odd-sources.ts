/**
 * Third parties that refuse, vanish or are asked by the platform itself: a registry with odd
 * repositories, GitHub's list of webhooks, and a bucket of advisories.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

import { startHttpServer, tarArchive, zipArchive } from '@tidewaiter/testkit';

import type { SmallImage } from './images.ts';

/** Repositories of the registry by what is odd about them. */
export const oddRepositories = {
  /** An index without an image of a platform that is scanned. */
  windows: 'odd/windows',
  /** A chart, which is no image. */
  chart: 'odd/chart',
  /** An image whose layer is no archive. */
  torn: 'odd/torn',
  /** An image whose layer may not be read. */
  sealed: 'odd/sealed',
  /** An image that may not be read until {@link OddSources.allow}. */
  denied: 'odd/denied',
  /** Images that no webhook announces. */
  silent: 'odd/silent',
} as const;

export type OddRepository = keyof typeof oddRepositories;

export interface OddSources {
  url: string;
  /** Lets a tag of `denied` be read. */
  allow(tag: string): void;
  /** Makes a tag of `silent`. */
  place(tag: string, image: SmallImage): void;
  /** A webhook that GitHub could not deliver, and sends again when it is asked. */
  failedHook(guid: string, send: () => Promise<boolean>): void;
  stop(): Promise<void>;
}

interface FailedHook {
  guid: string;
  send: () => Promise<boolean>;
  isDelivered: boolean;
}

interface Document {
  type: string;
  bytes: Buffer;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const configType = 'application/vnd.oci.image.config.v1+json';
/** GitHub lists a failed webhook of two minutes ago as settled. */
const hookAgeMs = 600_000;

export async function startOddSources(): Promise<OddSources> {
  const documents = new Map<string, Document>();
  const allowed = new Set<string>();
  const silent = new Set<string>();
  const hooks: FailedHook[] = [];
  let syncs = 0;
  const { port, stop } = await startHttpServer((request, response) => {
    const { pathname: path } = new URL(request.url ?? '', 'http://odd');
    if (path.startsWith('/github/')) return github(request, response, path, hooks);
    if (path === '/bucket/ecosystems.txt') return answer(response, 200, Buffer.from('npm\n'), 'text/plain');
    if (path === '/bucket/npm/all.zip') return answer(response, 200, bucketOf((syncs += 1)), 'application/zip');
    if (path === `/v2/${oddRepositories.silent}/tags/list`)
      return json(response, 200, { name: oddRepositories.silent, tags: [...silent] });
    const [, repository = '', , reference = ''] = /^\/v2\/(odd\/[a-z]+)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    const document = documentOf(documents, repository, reference);
    const isDenied = repository === oddRepositories.denied && !allowed.has(reference) && !reference.includes(':');
    const isSealed = repository === oddRepositories.sealed && document?.type === layerType;
    if (isDenied || isSealed) return json(response, 403, { errors: [{ code: 'DENIED' }] });
    if (document === undefined) return json(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] });
    return answer(response, 200, document.bytes, document.type, request.method === 'HEAD');
  });
  return {
    url: `http://127.0.0.1:${port}`,
    allow: (tag) => void allowed.add(tag),
    place(tag, { manifest, digest, blobs }) {
      silent.add(tag);
      const { silent: repository } = oddRepositories;
      for (const reference of [tag, digest])
        documents.set(`${repository} ${reference}`, { type: manifestType, bytes: manifest });
      for (const blob of blobs)
        documents.set(`${repository} ${blob.digest}`, { type: 'application/octet-stream', bytes: blob.bytes });
    },
    failedHook: (guid, send) => void hooks.push({ guid, send, isDelivered: false }),
    stop,
  };
}

/** Content of a repository, made when its tag is asked for the first time. */
function documentOf(documents: Map<string, Document>, repository: string, reference: string): Document | undefined {
  const known = documents.get(`${repository} ${reference}`);
  if (known !== undefined || reference.includes(':') || repository === oddRepositories.silent) return known;
  const put = (type: string, bytes: Buffer, name = digestOf(bytes)) => {
    documents.set(`${repository} ${name}`, { type, bytes });
    return { mediaType: type, digest: digestOf(bytes), size: bytes.length };
  };
  const manifest = manifestOf(repository, reference, put);
  if (manifest === null) return undefined;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...manifest }));
  put(manifest.mediaType, bytes);
  put(manifest.mediaType, bytes, reference);
  return documents.get(`${repository} ${reference}`);
}

function manifestOf(
  repository: string,
  tag: string,
  put: (type: string, bytes: Buffer) => object,
): { mediaType: string; [member: string]: unknown } | null {
  if (repository === oddRepositories.windows) {
    const image = { mediaType: manifestType, digest: digestOf(Buffer.from(tag)), size: 500 };
    return {
      mediaType: indexType,
      manifests: [{ ...image, platform: { os: 'windows', architecture: 'amd64' } }],
    };
  }
  if (repository === oddRepositories.chart) {
    const config = put('application/vnd.cncf.helm.config.v1+json', Buffer.from(JSON.stringify({ name: tag })));
    const layers = [put('application/vnd.cncf.helm.chart.content.v1.tar+gzip', Buffer.from(tag))];
    return { mediaType: manifestType, config, layers };
  }
  const { torn, sealed, denied } = oddRepositories;
  if (repository !== torn && repository !== sealed && repository !== denied) return null;
  const content = tarArchive([{ path: 'etc/motd', content: tag }]);
  const layer = repository === torn ? Buffer.from(`no archive: ${tag}`) : gzipSync(content);
  const config = {
    ...{ architecture: 'amd64', os: 'linux', config: { Labels: { tag } } },
    rootfs: { type: 'layers', diff_ids: [digestOf(content)] },
  };
  return {
    mediaType: manifestType,
    config: put(configType, Buffer.from(JSON.stringify(config))),
    layers: [put(layerType, layer)],
  };
}

/** @see https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook */
function github(request: IncomingMessage, response: ServerResponse, path: string, hooks: FailedHook[]): void {
  const again = /\/deliveries\/(\d+)\/attempts$/.exec(path)?.[1];
  if (request.method === 'POST' && again !== undefined) {
    const hook = hooks[Number(again) - 1];
    // GitHub answers at once, and sends later.
    void hook?.send().then(
      (isDelivered) => (hook.isDelivered ||= isDelivered),
      () => undefined,
    );
    return json(response, 202, {});
  }
  json(
    response,
    200,
    hooks.map(({ guid, isDelivered }, index) => ({
      id: index + 1,
      guid,
      delivered_at: new Date(Date.now() - hookAgeMs).toISOString(),
      status_code: isDelivered ? 202 : 503,
      event: 'package',
    })),
  );
}

/** Advisories of which one changes with each sync, and another is there every second time. */
function bucketOf(sync: number): Buffer {
  const time = new Date(Date.UTC(2026, 0, 1) + sync * 60_000).toISOString();
  const record = (id: string, modified: string) => ({
    name: `${id}.json`,
    content: JSON.stringify({
      ...{ schema_version: '1.7.0', id, modified, summary: 'a hole that no image has' },
      affected: [{ package: { ecosystem: 'npm', name: 'only-in-the-rig' }, versions: ['1.0.0'] }],
    }),
  });
  const steady = Array.from({ length: 30 }, (_, index) => record(`GHSA-rig-${1_000 + index}`, '2026-01-01T00:00:00Z'));
  const coming = sync % 2 === 1 ? [record('GHSA-rig-9000', time)] : [];
  return zipArchive([...steady, record('GHSA-rig-8000', time), ...coming]);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  answer(response, status, Buffer.from(JSON.stringify(body)), 'application/json');
}

function answer(response: ServerResponse, status: number, bytes: Buffer, type: string, isHead = false): void {
  const headers = { 'content-type': type, 'content-length': bytes.length, 'docker-content-digest': digestOf(bytes) };
  response.writeHead(status, headers);
  response.end(isHead ? undefined : bytes);
}
