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
    // Names that containerd takes for others: a child of such a name runs, so it is chosen.
    ['linux/amd64', ['linux/x86_64', 'linux/amd64'], ['linux/x86_64', 'linux/amd64']],
    ['linux/amd64', ['Linux/x86-64/v1'], ['Linux/x86-64/v1']],
    ['linux/arm64', ['linux/aarch64', 'linux/arm64/8'], ['linux/aarch64', 'linux/arm64/8']],
    ['linux/arm/v7', ['linux/armhf', 'linux/armel', 'linux/arm/7'], ['linux/armhf', 'linux/arm/7']],
    ['linux/386', ['linux/i386'], ['linux/i386']],
    // Platforms that a runtime falls back to where there is nothing better.
    ['linux/amd64', ['linux/386', 'linux/amd64'], ['linux/amd64']],
    ['linux/amd64', ['linux/386', 'linux/arm/v7'], ['linux/386']],
    ['linux/arm64', ['linux/arm/v5', 'linux/arm/v6', 'linux/amd64'], ['linux/arm/v6']],
    ['linux/arm64', ['linux/arm/v6', 'linux/arm'], ['linux/arm']],
    ['linux/arm', ['linux/arm/v6'], ['linux/arm/v6']],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], ['linux/amd64/v2']],
    ['linux/s390x', ['linux/amd64'], []],
  ])('for %s chooses from %j the children %j', (wanted, platforms, chosen) => {
    const index = indexOf(platforms.map((platform) => ({ platform })));
    expect(choosePlatforms(index, [wanted]).map((child) => child.platform)).toEqual(chosen);
  });

  it('chooses the best platform for each of those wanted', () => {
    const index = indexOf(['linux/arm/v7', 'linux/amd64', 'linux/386'].map((platform) => ({ platform })));
    const chosen = choosePlatforms(index, ['linux/amd64', 'linux/arm64']);
    expect(chosen.map(({ platform }) => platform)).toEqual(['linux/arm/v7', 'linux/amd64']);
  });

  it('keeps a child without a platform', () => {
    expect(choosePlatforms(indexOf([{}]), ['linux/amd64'])).toHaveLength(1);
  });

  it('drops attestations, even if unknown platforms are wanted', () => {
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const index = indexOf([{ annotations, platform: 'unknown/unknown' }, { platform: 'unknown/unknown' }]);
    expect(choosePlatforms(index, ['unknown/unknown', 'linux/amd64'])).toEqual([]);
  });

  it('keeps an image that claims to be an attestation', () => {
    const annotations = { 'vnd.docker.reference.type': 'attestation-manifest' };
    const index = indexOf([{ annotations, platform: 'linux/amd64' }, { annotations }]);
    expect(choosePlatforms(index, ['linux/amd64'])).toHaveLength(2);
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
    expect(attestationsOf(index, 'sha256:a').map(({ size }) => size)).toEqual([1]);
  });
});
