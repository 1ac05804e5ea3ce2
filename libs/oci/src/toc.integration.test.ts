import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildImage, describeWith, programs } from '@tidewaiter/testkit';

import { readLayerFollowingLinks } from './layer.js';
import { type ImageManifest, parseManifest } from './manifest.js';
import { verifyTocAnnotations } from './toc-annotations.js';
import { BlobTail } from './toc-footer.js';

describeWith(programs('skopeo'))('verifyToc of layers that skopeo writes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-toc-'));
  const blob = (digest: string) => readFileSync(join(folder, 'chunked/blobs', digest.replace(':', '/')));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('accepts a table with the files of its tar', async () => {
    const program = readFileSync('/bin/sh');
    const sparse = Buffer.concat([Buffer.alloc(5000), program, Buffer.alloc(100_000)]);
    const files = [
      { path: 'bin/', type: 'directory' as const },
      { path: 'bin/app', content: program, mode: 0o4755, uid: 7 },
      { path: 'bin/ping', content: 'x', capabilities: Buffer.from('0100000200200000000000000000000000000000', 'hex') },
      { path: 'bin/link', type: 'symlink' as const, linkTarget: 'app' },
      { path: 'bin/same', type: 'hardlink' as const, linkTarget: 'bin/app' },
      { path: 'disk', content: sparse },
      { path: 'bin/.wh.old' },
    ];
    await buildImage(join(folder, 'plain'), { layers: [files], compression: 'none' });
    const places = ['plain', 'chunked'].map((name) => `oci:${join(folder, name)}:latest`);
    const format = ['--dest-compress', '--dest-compress-format', 'zstd:chunked'];
    execFileSync('skopeo', ['copy', '--quiet', '--insecure-policy', ...format, ...places]);
    const index = parseManifest(readFileSync(join(folder, 'chunked/index.json')));
    const image = index.kind === 'index' && parseManifest(blob(index.manifests[0]!.digest));
    const layer = image && image.kind === 'manifest' ? image.layers[0]! : undefined;
    expect(layer!.annotations).toHaveProperty(['io.github.containers.zstd-chunked.manifest-position']);
    await verifyTocAnnotations(image as ImageManifest, async (each, size) => blob(each.digest).subarray(-size));
    const bytes = blob(layer!.digest);
    const tail = new BlobTail();
    const open = async function* () {
      yield bytes;
    };
    await Array.fromAsync(tail.watch(open()));
    expect(tail.tocPlace()).toMatchObject({ compression: 'zstd' });
    const options = { mediaType: layer!.mediaType, wants: () => false, take: () => undefined };
    expect((await readLayerFollowingLinks(open, options)).warnings).toEqual([]);
  });
});
