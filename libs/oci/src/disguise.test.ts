import { gzipSync, zstdCompressSync } from 'node:zlib';

import { NotFound, Unavailable } from '@tidewaiter/domain';
import { tarArchive } from '@tidewaiter/testkit';

import { isDisguisedImage, leadsToImage } from './disguise.js';
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

const sign = 'application/vnd.dev.cosign.simplesigning.v1+json';
const runnable = 'application/vnd.oci.image.config.v1+json';

describe('leadsToImage', () => {
  const digestOf = (number: number) => `sha256:${number.toString(16).padStart(64, '0')}`;
  /** Place with an index of these children under every tag, and their manifests by number. */
  const placeOf = (children: readonly (object | undefined)[], asked: string[] = []) => ({
    manifest: async (reference: string) => {
      asked.push(reference);
      const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 2 };
      const manifests = children.map((_, number) => ({ ...descriptor, digest: digestOf(number) }));
      const number = reference.startsWith('sha256:') ? Number.parseInt(reference.slice(7), 16) : -1;
      const document = number === -1 ? { manifests } : children[number];
      if (document === undefined) throw new NotFound('MANIFEST_UNKNOWN', reference);
      return { bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, ...document })), mediaType: '' };
    },
    blob: blobOf('{}'),
  });
  const { kind: _kind, annotations: _annotations, ...signature } = manifest(runnable, sign);
  const image = { ...signature, layers: [{ ...signature.layers[0]!, mediaType: layer }] };

  it.each([
    ['a list of signatures, one of which is gone', [signature, undefined], false],
    ['an image behind signatures', [signature, undefined, image], true],
    ['nothing', [], false],
  ])('follows a tag to %s', async (_what, children, expected) => {
    expect(await leadsToImage(placeOf(children), `sha256-${'a'.repeat(64)}`)).toBe(expected);
  });

  it('decides by the manifest that a name leads to', async () => {
    expect(await leadsToImage(placeOf([signature]), digestOf(0))).toBe(false);
    expect(await leadsToImage(placeOf([image]), digestOf(0))).toBe(true);
  });

  it('ends at an index of too many manifests', async () => {
    const asked: string[] = [];
    const many = Array.from({ length: 1_000 }, () => signature);
    await expect(leadsToImage(placeOf(many, asked), 'x')).rejects.toMatchObject({ limit: 'maxReferrers' });
    expect(asked).toHaveLength(201);
  });
});

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
