import { gzipSync, zstdCompressSync } from 'node:zlib';

import { NotFound, Unavailable } from '@tidewaiter/domain';
import { tarArchive } from '@tidewaiter/testkit';

import { isDisguisedImage } from './disguise.js';
import type { ImageManifest } from './manifest.js';

const digest = `sha256:${'a'.repeat(64)}`;
const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
const chart = 'application/vnd.cncf.helm.config.v1+json';

const manifest = (configType: string, ...layers: string[]): ImageManifest => ({
  kind: 'manifest',
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: configType, digest, size: 2 },
  layers: layers.map((mediaType) => ({ mediaType, digest, size: 1 })),
  annotations: {},
});

const blobOf = (text: string) =>
  async function* () {
    yield Buffer.from(text);
  };
const rootfs = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digest] } });

describe('isDisguisedImage', () => {
  it.each([layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+zstd'])(
    'detects an image with the config type of a chart by a layer of type %s',
    async (type) => {
      expect(await isDisguisedImage(manifest(chart, type), blobOf(rootfs))).toBe(true);
    },
  );

  it.each<[string, ImageManifest, string]>([
    ['a chart', manifest(chart, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'), rootfs],
    ['an artifact with files as layers', manifest('application/vnd.oci.empty.v1+json', layer), '{}'],
    ['a config that is no JSON', manifest(chart, layer), 'name: chart'],
    ['a manifest without layers', manifest(chart), rootfs],
  ])('ignores %s', async (_what, given, config) => {
    expect(await isDisguisedImage(given, blobOf(config))).toBe(false);
  });

  it('rejects a config of which runtimes may see other diffIDs', async () => {
    const hidden = rootfs.replace(/\}$/, ',"rootfs":{}}');
    await expect(isDisguisedImage(manifest(chart, layer), blobOf(hidden))).rejects.toMatchObject({
      code: 'MANIFEST_AMBIGUOUS',
    });
  });

  describe('with layers of other types', () => {
    const config = 'application/vnd.oci.image.config.v1+json';
    const statement = 'application/vnd.in-toto+json';
    const tar = tarArchive([{ path: 'bin/miner', content: 'x' }]);
    const withLayer = (bytes: Buffer, given = manifest(config, statement)) =>
      isDisguisedImage(given, async function* ({ mediaType }) {
        // In pieces, as from a registry.
        const blob = mediaType === statement ? bytes : Buffer.from(rootfs);
        for (let at = 0; at < blob.length; at += 100) yield blob.subarray(at, at + 100);
      });

    it.each([
      ['gzip', gzipSync(tar)],
      ['zstd', zstdCompressSync(tar)],
      ['xz', Buffer.from('\xfd7zXZ\0\0\x04', 'latin1')],
      ['tar', tar],
    ])('detects an image by a first layer that is %s', async (_what, bytes) => {
      expect(await withLayer(bytes)).toBe(true);
    });

    it.each([
      ['JSON', Buffer.from(`{"_type":"https://in-toto.io/Statement/v1","predicate":"${'x'.repeat(1_000)}"}`)],
      ['less than a header', tar.subarray(0, 511)],
      ['nothing', Buffer.alloc(0)],
    ])('ignores a statement that is %s', async (_what, bytes) => {
      expect(await withLayer(bytes)).toBe(false);
    });

    it('looks behind an empty layer, and nowhere if all are empty', async () => {
      const empty = { mediaType: 'application/vnd.example', digest, size: 0 } as const;
      const { layers, ...rest } = manifest(config, statement);
      expect(await withLayer(gzipSync(tar), { ...rest, layers: [empty, ...layers] })).toBe(true);
      expect(await withLayer(gzipSync(tar), { ...rest, layers: [empty] })).toBe(false);
    });
  });

  it('treats a config that is too large as an image', async () => {
    const given = manifest(chart, layer);
    const large = { ...given, config: { ...given.config, size: 1e9 } };
    expect(await isDisguisedImage(large, blobOf(rootfs))).toBe(true);
  });

  it('ignores a missing config, and throws if it cannot be read', async () => {
    const failing = (error: Error) =>
      async function* () {
        yield* [] as Buffer[];
        throw error;
      };
    expect(await isDisguisedImage(manifest(chart, layer), failing(new NotFound('BLOB_UNKNOWN', 'gone')))).toBe(false);
    const ill = new Unavailable('REGISTRY_UNAVAILABLE', 'ill');
    await expect(isDisguisedImage(manifest(chart, layer), failing(ill))).rejects.toBe(ill);
  });
});
