import { readImageName, withoutScheme } from './image-names.js';

const digest = `sha256:${'5a'.repeat(32)}`;

describe('readImageName', () => {
  it.each([
    ['busybox', 'busybox', null, null],
    ['busybox:1.36', 'busybox', '1.36', null],
    ['localhost:5000/shop/app', 'localhost:5000/shop/app', null, null],
    ['localhost:5000/shop/app:1', 'localhost:5000/shop/app', '1', null],
    [`localhost:5000/shop/app@${digest}`, 'localhost:5000/shop/app', null, digest],
    [`shop/app:1@${digest}`, 'shop/app', '1', digest],
    [`docker-pullable://shop/app@${digest}`, 'shop/app', null, digest],
    [digest, null, null, digest],
    [`docker://${digest}`, null, null, digest],
    ['shop/app@sha256:short', 'shop/app', null, null],
    ['', null, null, null],
    [null, null, null, null],
  ])('reads %j', (name, repository, tag, ownDigest) => {
    expect(readImageName(name)).toEqual({ repository, tag, digest: ownDigest });
  });

  it.each([
    ['containerd://c0ffee', 'c0ffee'],
    ['cri-o://c0ffee', 'c0ffee'],
    ['c0ffee', 'c0ffee'],
    ['containerd://', null],
    [null, null],
  ])('takes the runtime off %j', (id, bare) => {
    expect(withoutScheme(id)).toBe(bare);
  });
});
