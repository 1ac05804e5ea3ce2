import type { Digest } from '@tidewaiter/domain';

import { type ImageDirectory, manifestOf, type ImageClaim } from './image-resolution.js';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const [amd, arm, index, config, other] = [digestOf('a'), digestOf('b'), digestOf('c'), digestOf('d'), digestOf('e')];
const amdImage = { digest: amd, platform: 'linux/amd64' };
const armImage = { digest: arm, platform: 'linux/arm64/v8' };

const directory: ImageDirectory = {
  revision: 1,
  manifestsOf: (digest) =>
    ({ [amd]: [amdImage], [arm]: [armImage], [index]: [amdImage, armImage], [config]: [armImage] })[digest] ?? [],
  tagAt: (repository, tag, atMs) =>
    repository === 'docker.io/library/app' && tag === '1' && atMs >= 1000 ? index : null,
};

const nothing: ImageClaim = { digests: [], bare: new Set(), reference: null, startedAtMs: null, platform: null };
const reference = { repository: 'docker.io/library/app', tag: '1' };

describe('manifestOf', () => {
  it.each<[string, Partial<ImageClaim>, Digest | null]>([
    ['a manifest as itself', { digests: [amd] }, amd],
    ['an index on a node of a known platform', { digests: [index], platform: 'linux/arm64' }, arm],
    ['an index on any node as unknown', { digests: [index] }, null],
    ['a config', { digests: [config], bare: new Set([config]) }, arm],
    ['an index together with a config', { digests: [index, config] }, arm],
    ['an index together with a manifest', { digests: [index, amd] }, amd],
    ['contradicting claims as unknown', { digests: [amd, arm] }, null],
    ['a digest of an unanalyzed image as claimed', { digests: [other] }, other],
    ['an unknown config as unknown', { digests: [other], bare: new Set([other]) }, null],
    ['a tag as of the start', { reference, startedAtMs: 2000, platform: 'linux/amd64' }, amd],
    ['a tag that did not exist at the start as unknown', { reference, startedAtMs: 10, platform: 'linux/amd64' }, null],
    ['a tag of an index on any node as unknown', { reference, startedAtMs: 2000 }, null],
    [
      'an unknown config as unknown, with any tag',
      { digests: [other], bare: new Set([other]), reference, startedAtMs: 2000 },
      null,
    ],
    ['no claims as unknown', {}, null],
  ])('resolves %s', (_, claims, expected) => {
    expect(manifestOf({ ...nothing, ...claims }, directory)).toBe(expected);
  });
});
