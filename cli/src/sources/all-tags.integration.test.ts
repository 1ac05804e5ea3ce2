import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildImage, describeWith, programs, pushImage, startRegistry, type TestRegistry } from '@tidewaiter/testkit';

import { tagsOf } from './all-tags.js';

const options = { isInsecure: true, isOffline: false };

describeWith(programs('docker-registry', 'skopeo'))('tagsOf a repository', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-tags-'));
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry();
    const { digest } = await buildImage(folder, { layers: [[{ path: 'a', content: 'a' }]], tag: 'a' });
    for (const tag of ['1', 'latest', `${digest.replace(':', '-')}.sig`])
      await pushImage(registry, `shop/app:${tag}`, `oci:${folder}:a`);
  });

  afterAll(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(['', 'docker://'])('names its images, and no signatures, after "%s"', async (scheme) => {
    const repository = `${scheme}${new URL(registry.url).host}/shop/app`;
    expect((await tagsOf(repository, options)).toSorted()).toEqual([`${repository}:1`, `${repository}:latest`]);
  });
});
