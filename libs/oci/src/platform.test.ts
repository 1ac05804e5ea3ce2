import type { Descriptor, ImageIndex } from './manifest.js';
import { mediaTypes } from './media-types.js';
import { attestationsOf, choosePlatforms } from './platform.js';

function indexOf(children: Partial<Descriptor>[]): ImageIndex {
  const manifests = children.map((child, position) => {
    return {
      mediaType: mediaTypes.ociManifest,
      digest: `sha256:${String(position).repeat(64)}`,
      size: position,
      ...child,
    };
  });
  return { kind: 'index', mediaType: mediaTypes.ociIndex, manifests, annotations: {} };
}

describe('choosePlatforms', () => {
  it.each([
    ['linux/amd64', ['linux/amd64', 'linux/arm64'], ['linux/amd64']],
    ['linux/arm64', ['linux/amd64', 'linux/arm64'], ['linux/arm64']],
    ['linux/arm64', ['linux/arm64/v8'], ['linux/arm64/v8']],
    ['linux/arm64/v8', ['linux/arm64'], ['linux/arm64']],
    ['linux/arm64', ['linux/arm64/v9'], []],
    ['linux/amd64', ['linux/amd64/v1', 'linux/amd64/v3'], ['linux/amd64/v1']],
    ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], ['linux/arm/v7']],
    ['linux/arm/v6', ['linux/arm/v6', 'linux/arm/v7'], ['linux/arm/v6']],
    ['linux/amd64', ['windows/amd64'], []],
  ])('for %s chooses from %j the children %j', (wanted, platforms, chosen) => {
    const index = indexOf(platforms.map((platform) => ({ platform })));
    expect(choosePlatforms(index, [wanted]).map((child) => child.platform)).toEqual(chosen);
  });

  it('keeps a child without a platform', () => {
    expect(choosePlatforms(indexOf([{}]), ['linux/amd64'])).toHaveLength(1);
  });

  it('drops attestations, even if unknown platforms are wanted', () => {
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const index = indexOf([
      { annotations, platform: 'unknown/unknown' },
      { annotations },
      { platform: 'unknown/unknown' },
    ]);
    expect(choosePlatforms(index, ['unknown/unknown', 'linux/amd64'])).toEqual([]);
  });

  it('keeps an image that claims to be an attestation', () => {
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    expect(choosePlatforms(indexOf([{ annotations, platform: 'linux/amd64' }]), ['linux/amd64'])).toHaveLength(1);
  });
});

describe('attestationsOf', () => {
  it('returns the attestations of one image, and no image that claims to be one', () => {
    const of = (digest: string, type = 'attestation-manifest') => ({
      'vnd.docker.reference.type': type,
      'vnd.docker.reference.digest': digest,
    });
    const index = indexOf([
      { platform: 'linux/amd64' },
      { annotations: of('sha256:a'), platform: 'unknown/unknown' },
      { annotations: of('sha256:b'), platform: 'unknown/unknown' },
      { annotations: of('sha256:a', 'other'), platform: 'unknown/unknown' },
      { annotations: of('sha256:a'), platform: 'linux/amd64' },
      { annotations: of('sha256:a') },
    ]);
    expect(attestationsOf(index, 'sha256:a').map(({ size }) => size)).toEqual([1, 5]);
  });
});
