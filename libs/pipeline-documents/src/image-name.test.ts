import * as fc from 'fast-check';

import { readImageName } from './image-name.js';
import { digestIn, imageOfPurl } from './image-purl.js';

const hex = 'ab'.repeat(32);

describe('readImageName', () => {
  it.each([
    ['app', null, 'app', null],
    ['shop/app:1.0', null, 'shop/app', '1.0'],
    ['registry.example.com/shop/app:1.0', 'registry.example.com', 'shop/app', '1.0'],
    ['localhost/app', 'localhost', 'app', null],
    ['localhost:5000/app:a', 'localhost:5000', 'app', 'a'],
    ['[::1]:5000/app', '[::1]:5000', 'app', null],
    [`registry.example.com:5000/a/b@sha256:${hex}`, 'registry.example.com:5000', 'a/b', null],
    [`a/b:1@sha256:${hex}`, null, 'a/b', '1'],
  ])('reads %s', (text, registry, repository, tag) => {
    expect(readImageName(text)).toEqual({ registry, repository, tag });
  });

  it.each([
    '',
    '/',
    'A/b',
    'a/../b',
    'a:',
    'a:b:c',
    'a b',
    'a/b:-1',
    'https://registry.example.com/a',
    7,
    null,
    'a'.repeat(600),
  ])('reads nothing in %j', (text) => {
    expect(readImageName(text)).toBeNull();
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => void [readImageName(text), digestIn(text), imageOfPurl(`pkg:oci/${text}`)]),
    );
  });

  it('finds the digest of a reference or a purl', () => {
    for (const text of [
      `sha256:${hex}`,
      `app@sha256:${hex}`,
      `pkg:oci/app@sha256%3A${hex}?arch=amd64`,
      `a@SHA256:${hex.toUpperCase()}`,
    ])
      expect(digestIn(text)).toBe(`sha256:${hex}`);
    for (const text of [`sha256:${hex}a`, `xsha256:${hex}`, 'app', undefined]) expect(digestIn(text)).toBeNull();
  });

  it('reads the image of a purl', () => {
    expect(imageOfPurl('pkg:oci/app@sha256:1?repository_url=ghcr.example%2Fshop%2Fapp&tag=1.0')).toEqual({
      registry: 'ghcr.example',
      repository: 'shop/app',
      tag: '1.0',
    });
    expect(imageOfPurl('pkg:oci/app@sha256:1')).toBeNull();
    expect(imageOfPurl('pkg:npm/app@1?repository_url=a.example/b')).toBeNull();
  });
});
