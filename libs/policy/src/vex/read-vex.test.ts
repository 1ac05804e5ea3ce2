import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';
import { describeWith, hostileJson, replaceValue, sharedData } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { readVex } from './read-vex.js';

const read = (document: object) => readVex(JSON.stringify(document), 'f.json');

const openVex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Ann',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2024-1', aliases: ['GHSA-aaaa-bbbb-cccc'] },
      products: [{ '@id': 'pkg:oci/cart', subcomponents: [{ '@id': 'pkg:npm/lib@1' }] }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
    },
  ],
};

const cycloneDx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: {
    timestamp: '2026-01-01T00:00:00Z',
    authors: [{ name: 'Ann' }],
    component: { 'bom-ref': 'root', purl: 'pkg:oci/cart', components: [{ 'bom-ref': 'lib', purl: 'pkg:npm/lib@1' }] },
  },
  vulnerabilities: [
    {
      id: 'CVE-2024-1',
      references: [{ id: 'GHSA-aaaa-bbbb-cccc' }],
      analysis: { state: 'not_affected', justification: 'code_not_present', detail: 'removed' },
      affects: [{ ref: 'lib' }],
    },
  ],
};

const csaf = {
  document: {
    category: 'csaf_vex',
    csaf_version: '2.0',
    publisher: { name: 'Example' },
    tracking: { current_release_date: '2026-01-01T00:00:00Z' },
  },
  product_tree: {
    branches: [
      { branches: [{ product: { product_id: 'P', product_identification_helper: { purl: 'pkg:oci/cart' } } }] },
      { product: { product_id: 'C', product_identification_helper: { purl: 'pkg:npm/lib' } } },
    ],
    relationships: [
      {
        category: 'default_component_of',
        product_reference: 'C',
        relates_to_product_reference: 'P',
        full_product_name: { product_id: 'P:C', name: 'both' },
      },
    ],
    product_groups: [{ group_id: 'G', product_ids: ['P:C'] }],
  },
  vulnerabilities: [
    {
      cve: 'CVE-2024-1',
      product_status: { known_not_affected: ['P:C', 'nobody'], fixed: ['C'] },
      flags: [{ label: 'vulnerable_code_not_present', group_ids: ['G'] }],
      threats: [{ category: 'impact', details: 'removed', product_ids: ['P:C'] }],
    },
  ],
};

describe('readVex', () => {
  it('parses CycloneDX, with components by their refs', () => {
    const [statement] = read(cycloneDx);
    expect(statement).toMatchObject({
      vulnerabilities: ['CVE-2024-1', 'GHSA-aaaa-bbbb-cccc'],
      status: 'not_affected',
      justification: 'code_not_present',
      reason: 'removed',
      author: 'Ann',
      at: Date.parse('2026-01-01T00:00:00Z'),
      products: [{ is: { texts: ['pkg:npm/lib@1'] }, parts: [] }],
    });
  });

  it.each([
    ['exploitable', 'affected'],
    ['in_triage', 'under_investigation'],
    ['resolved', 'fixed'],
    ['resolved_with_pedigree', 'fixed'],
    ['false_positive', 'not_affected'],
  ])("maps CycloneDX's %s to %s", (state, status) => {
    const vulnerabilities = [{ ...cycloneDx.vulnerabilities[0]!, analysis: { state } }];
    expect(read({ ...cycloneDx, vulnerabilities })).toMatchObject([{ status }]);
  });

  it.each([
    ['urn:cdx:cbb2cd68-2857-43b8-a10b-e8c03d277d18/1#pkg%3Anpm%2Flib%401', [], ['1']],
    [
      'pkg:npm/lib',
      [{ version: '1' }, { version: '2', status: 'affected' }, { version: '3', status: 'unaffected' }],
      ['1', '2'],
    ],
    ['pkg:npm/lib@9', [{ range: 'vers:npm/>=1' }], [undefined]],
  ])('parses versions in CycloneDX: %s %j', (ref, versions, expected) => {
    const vulnerabilities = [{ ...cycloneDx.vulnerabilities[0]!, affects: [{ ref, versions }] }];
    const [statement] = read({ ...cycloneDx, vulnerabilities });
    expect(statement!.products.flatMap(({ is }) => is.purls.map(({ version }) => version))).toEqual(expected);
  });

  it('returns nothing for a bill of materials without analysis', () => {
    expect(read({ ...cycloneDx, vulnerabilities: [{ id: 'CVE-2024-1' }] })).toEqual([]);
  });

  it('parses CSAF, with components as parts of their products', () => {
    expect(read(csaf)).toMatchObject([
      {
        vulnerabilities: ['CVE-2024-1'],
        status: 'not_affected',
        justification: 'vulnerable_code_not_present',
        reason: 'removed',
        author: 'Example',
        products: [{ is: { texts: ['pkg:oci/cart'] }, parts: [{ texts: ['pkg:npm/lib'] }] }],
      },
      { status: 'fixed', justification: null, reason: null, products: [{ is: { texts: ['pkg:npm/lib'] }, parts: [] }] },
    ]);
  });

  it('parses the OpenVEX document of an attestation', () => {
    const predicate = { '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] };
    expect(read({ _type: 'https://in-toto.io/Statement/v1', predicate })).toEqual([]);
  });

  it.each<[object, string]>([
    [{}, 'f.json: neither OpenVEX, nor CycloneDX, nor CSAF'],
    [[], 'f.json: neither'],
    [
      { '@context': 'https://openvex.dev/ns', statements: [{ vulnerability: 'A', status: 'bad' }] },
      'f.json: statements[0].status',
    ],
    [
      { '@context': 'https://openvex.dev/ns', statements: [{ vulnerability: 'A', status: 'not_affected' }] },
      'statements[0].justification: not_affected needs',
    ],
    [{ bomFormat: 'CycloneDX' }, 'f.json: vulnerabilities'],
    [{ document: { csaf_version: '2.0' } }, 'f.json: document.category'],
  ])('rejects %j', (document, problem) => {
    expect(() => read(document)).toThrow(problem);
  });

  it('reads a document behind a byte order mark, as PowerShell writes it', () => {
    expect(readVex(`\uFEFF${JSON.stringify(openVex)}`, 'f.json')).toEqual(read(openVex));
  });

  it('rejects text that is not JSON', () => {
    expect(() => readVex('{', 'f.json')).toThrow('f.json: not JSON');
  });

  it('rejects text that would take many times its size', () => {
    expect(() => readVex('['.repeat(5_000_000), 'f.json')).toThrow('more than 4000000 values');
  });

  it('explains each of many products by a group or a list', () => {
    const ids = Array.from({ length: 50_000 }, (_, index) => `p${index}`);
    const product = (id: string) => ({ product_id: id, product_identification_helper: { purl: `pkg:npm/${id}@1` } });
    const statements = read({
      ...csaf,
      product_tree: {
        full_product_names: ids.map(product),
        product_groups: [{ group_id: 'g', product_ids: ids.slice(1) }],
      },
      vulnerabilities: [
        {
          cve: 'CVE-2026-1',
          product_status: { known_not_affected: ids },
          flags: [
            { label: 'inline_mitigations_already_exist', group_ids: ['g'] },
            { label: 'component_not_present', product_ids: ids.slice(0, 1) },
          ],
        },
      ],
    });
    const counts = Map.groupBy(statements, ({ justification }) => justification);
    expect([...counts].map(([justification, all]) => [justification, all.length])).toEqual([
      ['component_not_present', 1],
      ['inline_mitigations_already_exist', 49_999],
    ]);
  });

  it("accepts prototypes' keys, depth and nonsense", () => {
    const deep = (levels: number): object => (levels === 0 ? {} : { branches: [deep(levels - 1)] });
    expect(read({ ...csaf, product_tree: { branches: [deep(1_000)] } })).toEqual([]);
    expect(readVex(JSON.stringify(csaf).replaceAll('"nobody"', '"__proto__"'), 'f')).toHaveLength(2);
    const odd = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(fc.constantFrom<object>(cycloneDx, csaf), fc.string(), odd, (document, key, value) => {
        const keys = Object.keys(document);
        try {
          read({ ...document, [key]: value, [keys.at(-1)!]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
    );
  });

  it('reads or refuses documents with one value replaced', () => {
    fc.assert(
      fc.property(fc.constantFrom<object>(openVex, cycloneDx, csaf), fc.nat(60), hostileJson, (document, nth, by) => {
        try {
          readVex(replaceValue(document, nth, by), 'f.json');
        } catch (error) {
          expect(error).toBeInstanceOf(TidewaiterError);
        }
      }),
    );
  });

  const shared = sharedData('fixtures/ci');

  describeWith(shared)('real documents', () => {
    const documents = ['openvex', 'csaf', 'cyclonedx-vex'].flatMap((folder) =>
      readdirSync(join(shared.path, folder)).map((file) => join(folder, file)),
    );

    it.each(documents)('parses %s', (file) => {
      const statements = readVex(readFileSync(join(shared.path, file), 'utf8'), file);
      expect(statements.length).toBeGreaterThan(0);
      for (const { vulnerabilities } of statements) expect(vulnerabilities.join()).toMatch(/^(CVE|GO|GHSA)-/);
    });
  });
});
