import { vexProductTexts } from './product-text.js';
import { readVex } from './read-vex.js';

const openVex = (product: object) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  statements: [{ vulnerability: { name: 'CVE-1' }, status: 'fixed', products: [product] }],
});
const cycloneDx = {
  bomFormat: 'CycloneDX',
  components: [{ 'bom-ref': 'a', purl: 'pkg:npm/lodash' }],
  vulnerabilities: [
    {
      id: 'CVE-1',
      analysis: { state: 'resolved' },
      affects: [{ ref: 'a', versions: [{ range: 'vers:npm/<4.17.21' }] }],
    },
  ],
};

describe('vexProductTexts', () => {
  it.each<[object, string[]]>([
    [openVex({ '@id': 'pkg:deb/debian/openssl@3.0.14?arch=amd64' }), ['pkg:deb/debian/openssl@3.0.14?arch=amd64']],
    [
      openVex({ '@id': 'pkg:oci/cart', subcomponents: [{ '@id': 'pkg:npm/a' }, { '@id': 'pkg:npm/b@1' }] }),
      ['pkg:npm/a in pkg:oci/cart', 'pkg:npm/b@1 in pkg:oci/cart'],
    ],
    [openVex({ '@id': 'registry.example.com/shop/app:1' }), ['registry.example.com/shop/app:1']],
    [openVex({ '@id': 'product-7', identifiers: { purl: 'pkg:npm/a' } }), ['pkg:npm/a']],
    [openVex({}), ['a product without a name']],
    [cycloneDx, ['pkg:npm/lodash, vers:npm/<4.17.21']],
  ])('reads %j as %j', (document, texts) => {
    const [statement] = readVex(JSON.stringify(document), 'a.json');
    expect(statement!.products.flatMap(vexProductTexts)).toEqual(texts);
  });
});
