import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { httpSink } from './http-sink.js';
import { buildImage, buildIndex } from './image-builder.js';
import { describeWith, programs } from './needs.js';
import { pushImage, startRegistry, type TestRegistry } from './registry.js';

const accept = { accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' };

describeWith(programs('docker-registry', 'skopeo'))('registry', () => {
  let dir: string;
  let registry: TestRegistry;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidewaiter-layout-'));
  });

  afterEach(async () => {
    await registry.stop();
    await rm(dir, { recursive: true });
  });

  it.each(['gzip', 'zstd', 'none'] as const)('serves images of the builder with %s', async (compression) => {
    registry = await startRegistry();
    const layers = [
      [{ path: 'app/run.sh', content: '#!/bin/sh\n', mode: 0o755 }],
      [{ path: 'app/.wh.run.sh', content: '' }],
    ];
    const built = await buildImage(dir, { layers, compression, tag: '1', config: { User: 'app' } });
    expect(await pushImage(registry, 'shop/app:1', `oci:${dir}:1`)).toBe(built.digest);
    const answer = await fetch(`${registry.url}/v2/shop/app/manifests/1`, { headers: accept });
    const manifest = (await answer.json()) as { config: { digest: string }; layers: { digest: string }[] };
    expect(answer.headers.get('docker-content-digest')).toBe(built.digest);
    expect(manifest.config.digest).toBe(built.configDigest);
    expect(manifest.layers.map(({ digest }) => digest)).toEqual(built.layerDigests);
    const config = await fetch(`${registry.url}/v2/shop/app/blobs/${built.configDigest}`);
    expect(await config.json()).toMatchObject({ rootfs: { diff_ids: built.diffIds }, config: { User: 'app' } });
  });

  it('serves an index of several platforms', async () => {
    registry = await startRegistry();
    const layers = [[{ path: 'a', content: 'a' }]];
    const built = await buildIndex(dir, [{ layers }, { layers, platform: 'linux/arm64/v8' }]);
    expect(await pushImage(registry, 'shop/app:multi', `oci:${dir}:latest`)).toBe(built.digest);
    const answer = await fetch(`${registry.url}/v2/shop/app/manifests/multi`, { headers: accept });
    const index = (await answer.json()) as { manifests: { digest: string; platform: unknown }[] };
    expect(index.manifests.map(({ platform }) => platform)).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
    ]);
    expect(index.manifests.map(({ digest }) => digest)).toEqual(built.images.map(({ digest }) => digest));
  });

  it('announces pushes and requires its password', async () => {
    const hook = await httpSink(() => ({ status: 200 }));
    const auth = { username: 'scanner', password: 'tide & time' };
    registry = await startRegistry({ notify: { url: hook.url, headers: { authorization: 'Bearer hook' } }, auth });
    expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
    await buildImage(dir, { layers: [[{ path: 'a', content: 'a' }]] });
    const digest = await pushImage(registry, 'shop/app:1', `oci:${dir}:latest`);
    const pushes = (): unknown[] =>
      hook.received.filter(({ text }) => text.includes('"push"') && text.includes(digest));
    const deadline = Date.now() + 60_000;
    while (pushes().length === 0 && Date.now() < deadline) await hook.waitFor(hook.received.length + 1);
    expect(pushes()).toHaveLength(1);
    expect(hook.received[0]?.headers.authorization).toBe('Bearer hook');
    await hook.stop();
  });
});
