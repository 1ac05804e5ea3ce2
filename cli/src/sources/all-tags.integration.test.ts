import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  buildImage,
  cosignKey,
  cosignSign,
  describeWith,
  programs,
  pushImage,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { tagsOf } from './all-tags.js';

const options = { isInsecure: true, isOffline: false };

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('tagsOf a repository', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-tags-'));
  const disguised = `sha256-${'e'.repeat(64)}.sig`;
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry();
    const { digest } = await buildImage(folder, { layers: [[{ path: 'a', content: 'a' }]], tag: 'a' });
    for (const tag of ['1', 'latest', disguised]) await pushImage(registry, `shop/app:${tag}`, `oci:${folder}:a`);
    const image = `${new URL(registry.url).host}/shop/app@${digest}`;
    await cosignSign(folder, await cosignKey(folder, 'key'), image);
  });

  afterAll(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(['', 'docker://'])('names its images after "%s", also one with the tag of a signature', async (scheme) => {
    const repository = `${scheme}${new URL(registry.url).host}/shop/app`;
    const images = ['1', 'latest', disguised].map((tag) => `${repository}:${tag}`);
    expect((await tagsOf(repository, options)).toSorted()).toEqual(images);
  });
});
