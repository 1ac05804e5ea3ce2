import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

const shared = resolve(import.meta.dirname, '..', process.env['TIDEWAITER_SHARED'] ?? '../shared');
const alpinePath = join(shared, 'corpus/data/alpine/alpine-minirootfs-3.20.3-x86_64.tar.gz');
const alpine = existsSync(alpinePath) ? gunzipSync(readFileSync(alpinePath)) : null;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export const layerContent = alpine ? 'Alpine 3.20' : 'generated, 8 MB';

/** Tag of an image in the registry. */
export interface Pushed {
  repository: string;
  tag: string;
  digest: string;
}

/** Layer of Alpine's files, or of generated ones, that equals no other layer. */
export function uniqueLayer(name: string): Buffer {
  const own: TarEntry = { path: `bench/${name}`, content: name };
  if (alpine) return Buffer.concat([withoutEnd(tarArchive([own])), alpine]);
  const status = 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n';
  const files = Array.from({ length: 500 }, (_, index) => ({
    path: `usr/lib/f${index}`,
    content: Buffer.alloc(16_384, index),
  }));
  const release = { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' };
  return tarArchive([own, release, { path: 'var/lib/dpkg/status', content: status }, ...files]);
}

/** An archive ends with two blocks of zeros, which would hide what follows. */
function withoutEnd(tar: Buffer): Buffer {
  let end = tar.length;
  while (end >= 512 && tar.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512;
  return tar.subarray(0, end);
}

/**
 * Writes an advisory for each of these packages, which are in the layers, so that there is
 * something to match.
 */
export async function writeAdvisories(folder: string): Promise<void> {
  const holes = [
    ...['openssl', 'busybox', 'musl', 'zlib', 'apk-tools'].map((name) => ({ ecosystem: 'Alpine:v3.20', name })),
    { ecosystem: 'Debian:12', name: 'bash' },
  ];
  await mkdir(folder);
  for (const [index, affected] of holes.entries()) {
    const id = `BENCH-2026-${index}`;
    const events = [{ introduced: '0' }, { fixed: '99' }];
    const time = '2026-01-02T03:04:05Z';
    const record = {
      schema_version: '1.7.0',
      id,
      modified: time,
      published: time,
      summary: `a hole in ${affected.name}`,
      affected: [{ package: affected, ranges: [{ type: 'ECOSYSTEM', events }] }],
    };
    await writeFile(join(folder, `${id}.json`), JSON.stringify(record));
  }
}

/**
 * Pushes an image of these layers to the registry; its config has its name, so that no two images
 * are the same.
 */
export async function pushImage(
  registryUrl: string,
  repository: string,
  tag: string,
  ...layers: Buffer[]
): Promise<Pushed> {
  const blobs = layers.map(packed);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { name: `${repository}:${tag}` } },
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    }),
  );
  for (const content of [...blobs, config]) await putBlob(`${registryUrl}/v2/${repository}/blobs`, content);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: blobs.map((blob) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: digestOf(blob),
        size: blob.length,
      })),
    }),
  );
  await putManifest(`${registryUrl}/v2/${repository}/manifests/${tag}`, manifest);
  return { repository, tag, digest: digestOf(manifest) };
}

const packedLayers = new WeakMap<Buffer, Buffer>();

/** A layer that is in many images is compressed once. */
function packed(layer: Buffer): Buffer {
  const blob = packedLayers.get(layer) ?? gzipSync(layer, { level: 1 });
  packedLayers.set(layer, blob);
  return blob;
}

/** Adds another tag to an image in the registry. */
export async function retag(registryUrl: string, { repository, digest }: Pushed, tag: string): Promise<Pushed> {
  const manifests = `${registryUrl}/v2/${repository}/manifests`;
  const manifest = await fetch(`${manifests}/${digest}`, { headers: { accept: manifestType } });
  await putManifest(`${manifests}/${tag}`, Buffer.from(await manifest.arrayBuffer()));
  return { repository, tag, digest };
}

async function putManifest(url: string, manifest: Buffer): Promise<void> {
  const headers = { 'content-type': manifestType };
  const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(manifest) });
  if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`);
}

async function putBlob(blobsUrl: string, content: Buffer): Promise<void> {
  const digest = digestOf(content);
  if ((await fetch(`${blobsUrl}/${digest}`, { method: 'HEAD' })).ok) return;
  const upload = await fetch(`${blobsUrl}/uploads/`, { method: 'POST' });
  const location = new URL(upload.headers.get('location')!, blobsUrl);
  location.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await fetch(location, { method: 'PUT', headers, body: new Uint8Array(content) });
  if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
