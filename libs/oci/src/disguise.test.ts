import { NotFound, Unavailable } from '@tidewaiter/domain';

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
    ['what says that it is an image', manifest('application/vnd.oci.image.config.v1+json', layer), rootfs],
    ['a manifest without layers', manifest(chart), rootfs],
  ])('ignores %s', async (_what, given, config) => {
    expect(await isDisguisedImage(given, blobOf(config))).toBe(false);
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
