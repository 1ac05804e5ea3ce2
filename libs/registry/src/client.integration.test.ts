import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { buildImage, describeWith, programs, pushImage, startRegistry, type TestRegistry } from '@tidewaiter/testkit';

import { RegistryClient } from './client.js';

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const absent = `sha256:${'0'.repeat(64)}`;

describeWith(programs('docker-registry', 'skopeo'))('a real registry', () => {
  const egress = new Egress({ allow: [] });
  let dir: string;
  let registry: TestRegistry;
  let digest: string;
  let manifest: Buffer;
  let layerDigest: string;
  let layer: Buffer;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidewaiter-layout-'));
    registry = await startRegistry({ auth: { username: 'robot', password: 's3cret' } });
    const built = await buildImage(dir, { layers: [Buffer.alloc(300_000, 'not really a tar')] });
    [digest, layerDigest] = [built.digest, built.layerDigests[0] ?? ''];
    [manifest, layer] = await Promise.all([blobOf(digest), blobOf(layerDigest)]);
    await pushImage(registry, 'shop/app:1.0', `oci:${dir}:latest`);
  });

  afterAll(async () => {
    await egress.close();
    await registry.stop();
    await rm(dir, { recursive: true });
  });

  const blobOf = (digest: string) => readFile(join(dir, 'blobs', digest.replace(':', '/')));
  const client = (password = 's3cret') => {
    const credentials = { username: 'robot', password: new Secret(password) };
    return new RegistryClient({ name: 'test', url: registry.url, credentials, allowPrivate: true }, egress);
  };

  it('reads the end of a blob by a range', async () => {
    const descriptor = { digest: layerDigest, size: layer.length };
    expect(await client().blobEnd('shop/app', descriptor, 72)).toEqual(layer.subarray(-72));
    expect(await client().blobEnd('shop/app', descriptor, 1 << 20)).toEqual(layer);
    const missing = client().blobEnd('shop/app', { digest: absent, size: 100 }, 72);
    await expect(missing).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
  });

  it('resolves and fetches images that skopeo pushed', async () => {
    const described = { digest, mediaType: ociManifest };
    expect(await client().resolve('shop/app', '1.0')).toEqual({ ...described, size: manifest.length });
    expect(await client().manifest('shop/app', '1.0')).toEqual({ ...described, bytes: manifest });
    expect(await client().manifest('shop/app', described.digest)).toMatchObject({ bytes: manifest });
  });

  it('lists all repositories and tags page by page', async () => {
    for (const name of ['shop/app:1.1', 'shop/other:2']) await pushImage(registry, name, `oci:${dir}:latest`);
    expect(await Array.fromAsync(client().repositories())).toEqual(['shop/app', 'shop/other']);
    expect((await Array.fromAsync(client().tags('shop/app'))).toSorted()).toEqual(['1.0', '1.1']);
    await expect(Array.fromAsync(client().tags('shop/none'))).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  it('stores blobs and manifests, sends what is there only once, and mounts blobs of other repositories', async () => {
    const bytes = Buffer.alloc(5_000_000, 'data of a new artifact');
    const blob = { digest: digestOf(bytes), size: bytes.length };
    let reads = 0;
    const read = async () => {
      reads += 1;
      return bytes;
    };
    expect(await client().putBlob('shop/data', blob, read)).toBe(true);
    expect(await client().putBlob('shop/data', blob, read)).toBe(false);
    expect(await client().putBlob('shop/copy', blob, read, { from: 'shop/data' })).toBe(false);
    expect(reads).toBe(1);
    for (const repository of ['shop/data', 'shop/copy']) {
      const stored = Buffer.concat(await Array.fromAsync(client().blob(repository, blob)));
      expect(stored.equals(bytes)).toBe(true);
    }
    await client().putBlob('shop/data', { digest: layerDigest, size: layer.length }, async () => layer);
    const config = (JSON.parse(manifest.toString()) as { config: { digest: string } }).config.digest;
    const configBytes = await blobOf(config);
    await client().putBlob('shop/data', { digest: config, size: configBytes.length }, async () => configBytes);
    await client().putManifest('shop/data', 'copied', { digest, mediaType: ociManifest, bytes: manifest });
    expect(await client().manifest('shop/data', 'copied')).toMatchObject({ digest, bytes: manifest });
    await expect(client('wrong').putBlob('shop/none', blob, read)).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
  });

  it('streams the layer', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of client().blob('shop/app', { digest: layerDigest, size: layer.length }))
      chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(layer)).toBe(true);
  });

  it('distinguishes missing from forbidden', async () => {
    await expect(client().manifest('shop/app', '2.0')).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
    await expect(client().resolve('shop/none', '1.0')).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
      message: expect.stringMatching(/ has no image 1\.0 in shop\/none$/),
    });
    const blob = client().blob('shop/app', { digest: absent, size: 4 });
    await expect(blob[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await expect(client('wrong').resolve('shop/app', '1.0')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
  });
});
