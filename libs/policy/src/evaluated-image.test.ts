import { isProduct } from './evaluated-image.js';

const digest = `sha256:${'a'.repeat(64)}`;
const other = `sha256:${'b'.repeat(64)}`;
const image = { reference: 'ghcr.io/shop/cart:1.2', repository: 'ghcr.io/shop/cart', tag: '1.2', digests: [digest] };
const onHub = { reference: 'alpine', repository: 'docker.io/library/alpine', tag: 'latest', digests: [] };

describe('isProduct', () => {
  it.each([
    ['pkg:oci/cart', true],
    ['pkg:oci/wagon', false],
    [`pkg:oci/cart@${digest}`, true],
    [`pkg:oci/cart@${encodeURIComponent(digest)}?repository_url=ghcr.io/shop/cart`, true],
    [`pkg:oci/cart@${other}`, false],
    [`pkg:oci/renamed@${digest}`, true],
    [`pkg:oci/cart@${digest}?repository_url=quay.io/shop/cart`, false],
    ['pkg:oci/cart?repository_url=ghcr.io/shop/cart', true],
    ['pkg:oci/cart?repository_url=ghcr.io%2Fshop', true],
    ['pkg:oci/cart?repository_url=ghcr.io/shop/cart&tag=1.2', true],
    ['pkg:oci/cart?tag=1.3', false],
    ['pkg:oci/cart?repository_url=docker.io/shop/cart', false],
    ['pkg:docker/shop/cart@1.2', true],
    ['pkg:docker/shop/cart@1.3', false],
    ['pkg:docker/hop/cart', false],
    ['pkg:npm/cart', false],
    [digest, true],
    [other, false],
    ['ghcr.io/shop/cart:1.2', true],
    ['ghcr.io/shop/cart:1.3', false],
    [`ghcr.io/shop/cart@${digest}`, true],
    [`ghcr.io/shop/cart@${other}`, false],
    ['CSAFPID-0001', false],
    ['', false],
  ])('compares %s with the image: %s', (product, is) => {
    expect(isProduct(product, image)).toBe(is);
  });

  it.each([
    ['pkg:oci/alpine', true],
    ['pkg:oci/alpine?repository_url=index.docker.io/library/alpine', true],
    ['pkg:oci/alpine?repository_url=docker.io/alpine', true],
    ['pkg:oci/alpine?repository_url=ghcr.io/library/alpine', false],
  ])("resolves Docker Hub's name %s as its alpine: %s", (product, is) => {
    expect(isProduct(product, onHub)).toBe(is);
  });

  it('matches no name for an image outside of a registry', () => {
    const archive = { reference: 'docker-archive:cart.tar', repository: null, tag: null, digests: [digest] };
    expect(isProduct('pkg:oci/cart', archive)).toBe(false);
    expect(isProduct(`pkg:oci/cart@${digest}`, archive)).toBe(true);
  });
});
