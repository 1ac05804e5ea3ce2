import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { parseManifest } from './manifest.js';
import { mediaTypes } from './media-types.js';

const digest = `sha256:${'a'.repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest, size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 10 };

function bytes(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof LimitExceeded) return error.limit;
    if (error instanceof InvalidInput) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('parseManifest', () => {
  it.each([
    ['OCI', mediaTypes.ociManifest],
    ['Docker', mediaTypes.dockerManifest],
  ])('parses an %s manifest', (_, mediaType) => {
    const annotations = { 'org.opencontainers.image.source': 'here', size: 3 };
    const document = { schemaVersion: 2, mediaType, config, layers: [layer], annotations };
    expect(parseManifest(bytes(document), `${mediaType}; charset=utf-8`)).toEqual({
      kind: 'manifest',
      mediaType,
      config,
      layers: [layer],
      annotations: Object.assign(Object.create(null), { 'org.opencontainers.image.source': 'here' }),
    });
  });

  it('makes every text storable', () => {
    const hostile = { ...layer, urls: ['http://\0\ud800/', 7] };
    const document = { schemaVersion: 2, config, layers: [hostile] };
    expect(parseManifest(bytes(document))).toMatchObject({ layers: [{ urls: ['http://\uFFFD\uFFFD/'] }] });
  });

  it.each([mediaTypes.ociIndex, mediaTypes.dockerManifestList])(
    'parses the index %s with its platforms',
    (mediaType) => {
      const child = { ...layer, mediaType: mediaTypes.ociManifest };
      const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
      const index = parseManifest(bytes({ schemaVersion: 2, mediaType, manifests: [child, { ...child, platform }] }));
      expect(index).toMatchObject({ kind: 'index', manifests: [child, { ...child, platform: 'linux/arm64/v8' }] });
    },
  );

  it('derives a missing type from the shape', () => {
    expect(parseManifest(bytes({ schemaVersion: 2, config, layers: [] }), 'application/json').mediaType).toBe(
      mediaTypes.ociManifest,
    );
    expect(parseManifest(bytes({ schemaVersion: 2, manifests: [] })).mediaType).toBe(mediaTypes.ociIndex);
  });

  it.each([
    ['not JSON', 'nonsense', 'MANIFEST_INVALID'],
    ['a list', [], 'MANIFEST_INVALID'],
    ['null', null, 'MANIFEST_INVALID'],
    ['neither list', { schemaVersion: 2 }, 'MANIFEST_INVALID'],
    ['schema 1', { schemaVersion: 1, fsLayers: [] }, 'MANIFEST_SCHEMA1'],
    ['manifests and layers', { manifests: [], layers: [], config }, 'MANIFEST_AMBIGUOUS'],
    ['manifests and config', { manifests: [], config }, 'MANIFEST_AMBIGUOUS'],
    [
      'an index that calls itself a manifest',
      { mediaType: mediaTypes.ociManifest, manifests: [] },
      'MEDIA_TYPE_MISMATCH',
    ],
    [
      'another type',
      { mediaType: 'application/vnd.oci.artifact.manifest.v1+json', layers: [] },
      'MANIFEST_UNSUPPORTED',
    ],
    ['layers that are no list', { config, layers: { 0: layer } }, 'MANIFEST_INVALID'],
    ['no config', { layers: [layer] }, 'MANIFEST_INVALID'],
    ['a layer that is null', { config, layers: [null] }, 'MANIFEST_INVALID'],
    ['a negative size', { config, layers: [{ ...layer, size: -1 }] }, 'MANIFEST_INVALID'],
    ['a size that is a text', { config, layers: [{ ...layer, size: '1' }] }, 'MANIFEST_INVALID'],
    ['a size beyond 2^53', { config, layers: [{ ...layer, size: 2 ** 60 }] }, 'MANIFEST_INVALID'],
    ['a path as digest', { config, layers: [{ ...layer, digest: 'sha256:../../etc/passwd' }] }, 'MANIFEST_INVALID'],
    ['a short digest', { config, layers: [{ ...layer, digest: 'sha256:abc' }] }, 'MANIFEST_INVALID'],
    ['an md5 digest', { config, layers: [{ ...layer, digest: `md5:${'0'.repeat(32)}` }] }, 'MANIFEST_INVALID'],
    ['a digest with a line break', { config, layers: [{ ...layer, digest: `${digest}\n` }] }, 'MANIFEST_INVALID'],
    ['no media type', { config, layers: [{ digest, size: 1 }] }, 'MANIFEST_INVALID'],
    ['1,001 layers', { config, layers: Array(1_001).fill(layer) }, 'maxLayers'],
    ['1,001 manifests', { manifests: Array(1_001).fill(layer) }, 'maxManifests'],
    ['4 MiB and more', { config, layers: [], annotations: { x: 'A'.repeat(4 << 20) } }, 'maxManifestBytes'],
  ])('rejects a manifest with %s', (_, document, code) => {
    const input = typeof document === 'string' ? Buffer.from(document) : bytes(document);
    expect(codeOf(() => parseManifest(input))).toBe(code);
  });

  // Go's encoding/json reads all of these as layers; it merges the elements of repeated ones.
  it.each([
    ['twice', '"layers"'],
    ['twice, once escaped', String.raw`"l\u0061yers" `],
    ['in a second spelling', '"Layers"'],
    ['in a spelling with a long s', '"layerſ"'],
  ])('rejects a manifest with its layers %s', (_, name) => {
    const text = JSON.stringify({ config, layers: [layer] });
    const twice = `${text.slice(0, -1)},${name}:[]}`;
    expect(codeOf(() => parseManifest(Buffer.from(twice)))).toBe('MANIFEST_AMBIGUOUS');
  });

  it('rejects a descriptor with two digests', () => {
    const text = JSON.stringify({ config, layers: [layer] }).replace('"size":10', `"Digest":"${digest}","size":10`);
    expect(codeOf(() => parseManifest(Buffer.from(text)))).toBe('MANIFEST_AMBIGUOUS');
  });

  it('reads members in any spelling, as runtimes do', () => {
    const platform = { OS: 'linux', Architecture: 'arm64' };
    const index = { Manifests: [{ ...layer, Platform: platform, annotations: { Name: 'a', name: 'b' } }] };
    expect(parseManifest(bytes(index))).toMatchObject({
      manifests: [{ platform: 'linux/arm64', annotations: { Name: 'a', name: 'b' } }],
    });
  });

  it('rejects a document that contradicts its content type', () => {
    const document = bytes({ mediaType: mediaTypes.ociManifest, config, layers: [layer] });
    expect(codeOf(() => parseManifest(document, mediaTypes.dockerManifest))).toBe('MEDIA_TYPE_MISMATCH');
    expect(codeOf(() => parseManifest(bytes({ config, layers: [] }), mediaTypes.ociIndex))).toBe('MEDIA_TYPE_MISMATCH');
  });

  it('accepts keys of prototypes', () => {
    const text = JSON.stringify({ config, layers: [layer], annotations: {} }).replace(
      '{}',
      '{"__proto__":"x","constructor":"y"}',
    );
    const manifest = parseManifest(Buffer.from(text));
    expect(Object.keys(manifest.annotations)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(manifest.annotations)).toBeNull();
    expect(codeOf(() => parseManifest(Buffer.from('{"__proto__":{"layers":[],"config":{}}}')))).toBe(
      'MANIFEST_INVALID',
    );
  });

  it('parses or rejects any JSON', () => {
    const document = fc.record(
      {
        schemaVersion: fc.constant(2),
        mediaType: fc.string(),
        config: fc.json(),
        layers: fc.jsonValue(),
        subject: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(document, fc.jsonValue()), (value) => {
        codeOf(() => parseManifest(bytes(value)));
      }),
    );
  });
});
