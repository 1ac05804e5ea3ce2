import type { ObservedContainer } from '@tidewaiter/domain';
import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { imageReferenceOf } from './image-reference.js';

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;

const container = (image: Partial<ObservedContainer>): ObservedContainer => ({
  id: '3f9c1a2b4d5e',
  name: 'app',
  imageRepository: null,
  imageTag: null,
  imageDigest: null,
  startedAt: null,
  ...image,
});

describe('imageReferenceOf', () => {
  it.each([
    ['nginx', 'docker.io', 'library/nginx'],
    ['fission/fetcher', 'docker.io', 'fission/fetcher'],
    ['docker.io/nginx', 'docker.io', 'library/nginx'],
    ['docker.io/library/nginx', 'docker.io', 'library/nginx'],
    ['index.docker.io/shop/app', 'docker.io', 'shop/app'],
    ['registry-1.docker.io/nginx', 'docker.io', 'library/nginx'],
    ['localhost/app', 'localhost', 'app'],
    ['localhost:5000/app', 'localhost:5000', 'app'],
    ['registry:5000/shop/app', 'registry:5000', 'shop/app'],
    ['127.0.0.1:15010/payments/checkout', '127.0.0.1:15010', 'payments/checkout'],
    ['[::1]:5000/app', '[::1]:5000', 'app'],
    ['GHCR.io/acme/redis', 'ghcr.io', 'acme/redis'],
    ['Registry/app', 'registry', 'app'],
    ['localhosts/app', 'docker.io', 'localhosts/app'],
  ])('parses %s as host %s and repository %s', (imageRepository, host, repository) => {
    expect(imageReferenceOf(container({ imageRepository, imageTag: '1' }))).toEqual({
      host,
      repository,
      tag: '1',
      digest: null,
    });
  });

  it.each([
    ['a tag in the name', { imageRepository: 'localhost:5000/app:2' }, { tag: '2', digest: null }],
    [
      'the tag beside the name first',
      { imageRepository: 'localhost:5000/app:2', imageTag: '1' },
      { tag: '1', digest: null },
    ],
    ['no tag as no tag, not as latest', { imageRepository: 'localhost:5000/app' }, { tag: null, digest: null }],
    ['an empty tag as none', { imageRepository: 'localhost:5000/app', imageTag: '' }, { tag: null, digest: null }],
    ['a digest in the name', { imageRepository: `localhost:5000/app:2@${digest}` }, { tag: '2', digest }],
    [
      'the digest beside the name first',
      { imageRepository: `localhost:5000/app@${digest}`, imageDigest: other },
      { tag: null, digest: other },
    ],
    [
      'what is no digest as none',
      { imageRepository: 'localhost:5000/app', imageDigest: 'sha256:12' },
      { tag: null, digest: null },
    ],
  ])('parses %s', (_what, image, expected) => {
    expect(imageReferenceOf(container(image))).toEqual({ host: 'localhost:5000', repository: 'app', ...expected });
  });

  it('returns nulls when the sensor sent no name', () => {
    expect(imageReferenceOf(container({ imageDigest: digest }))).toEqual({
      host: null,
      repository: null,
      tag: null,
      digest,
    });
    expect(imageReferenceOf(container({ imageRepository: '' }))).toMatchObject({ host: null, repository: null });
  });

  it('parses its own output as the same image', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const host = fc.oneof(
      part.map((name) => `${name}.example`),
      fc.nat(65_535).map((port) => `registry:${port}`),
      fc.constant('docker.io'),
    );
    fc.assert(
      fc.property(host, fc.array(part, { minLength: 1, maxLength: 3 }), part, (host, path, imageTag) => {
        const read = imageReferenceOf(container({ imageRepository: `${host}/${path.join('/')}`, imageTag }));
        expect(read.host).toBe(host);
        expect(imageReferenceOf(container({ imageRepository: `${read.host}/${read.repository}:${imageTag}` }))).toEqual(
          read,
        );
      }),
    );
  });

  it('accepts any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.option(fc.string()), (imageRepository, imageTag) => {
        const read = imageReferenceOf(container({ imageRepository, imageTag }));
        expect(read.host === null).toBe(read.repository === null);
      }),
    );
  });
});
