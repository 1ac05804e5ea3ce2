import { createHash } from 'node:crypto';

import { type Finding, findingOf, withLocations } from '@tidewaiter/domain';

import { readIgnoreFile } from './exceptions/ignore-file.js';
import { readTrivyIgnore, readTrivyIgnoreYaml } from './exceptions/trivyignore.js';
import { type Objections, suppress } from './suppress.js';
import { readVex } from './vex/read-vex.js';

const digest = `sha256:${'a'.repeat(64)}`;
const image = {
  reference: 'ghcr.io/shop/cart:1.2',
  repository: 'ghcr.io/shop/cart',
  tag: '1.2',
  digests: [digest],
  packages: [
    { purl: 'pkg:deb/debian/openssl@3.0.11?arch=amd64&distro=debian-12' },
    { purl: 'pkg:maven/org.springframework.boot/spring-boot@2.6.0' },
    { purl: 'pkg:npm/express@4.17.1' },
  ],
};
const now = new Date('2026-06-01T12:00:00Z');

const openssl = vulnerability('CVE-2024-1', 'openssl', 'pkg:deb/debian/openssl@3.0.11?arch=amd64&distro=debian-12', {
  aliases: ['GHSA-aaaa-bbbb-cccc'],
});
const express = vulnerability('CVE-2024-1', 'express', 'pkg:npm/express@4.17.1', { path: 'app/package.json' });
const secret = findingOf({
  kind: 'secret',
  id: 'aws-access-key-id',
  severity: 'critical',
  title: 'a key',
  fingerprint: 'f'.repeat(64),
  path: 'app/.env',
  layer: 0,
  state: 'present',
});
const all = [openssl, express, secret];

function vulnerability(id: string, packageName: string, purl: string, more: Partial<Finding> = {}): Finding {
  const known = {
    severity: 'high',
    title: id,
    fingerprint: `${id} ${packageName}`,
    layer: 0,
    state: 'present',
  } as const;
  return findingOf({ kind: 'vulnerability', id, ...known, packageName, purl, ...more });
}

const places = ['app/.env', 'test/a.env', 'test/b.env'].map((path) => ({
  ...({ path, layer: 0, state: 'present', origin: 'file', rule: 'aws-access-key-id', title: 'a key' } as const),
  ...({ severity: 'critical', confidence: 'certain' } as const),
}));
const placed = withLocations({ ...secret, evidence: { valueFingerprint: 'v'.repeat(64) } }, places);

/** Fingerprint of a secret in one file, as 0.2 wrote it. */
const oldFingerprint = (path: string) =>
  createHash('sha256')
    .update(['secret', 'aws-access-key-id', path, 'v'.repeat(64)].join('\n'))
    .digest('hex');

function ignoring(...entries: string[]): Objections {
  const lines = entries.map((entry) => `  - { ${entry}, reason: r, until: 2027-01-31 }`);
  return { statements: [], exceptions: readIgnoreFile(`ignore:\n${lines.join('\n')}\n`, 'f') };
}

function suppressedBy(objections: Partial<Objections>, at = now): string[] {
  const { findings, suppressed } = suppress(all, image, { statements: [], exceptions: [], ...objections }, at);
  expect(findings.length + suppressed.length).toBe(all.length);
  return suppressed.map(({ packageName, id }) => packageName ?? id);
}

const openVex = (statement: object, more: object = {}) =>
  readVex(
    JSON.stringify({
      '@context': 'https://openvex.dev/ns/v0.2.0',
      author: 'Ann',
      timestamp: '2026-01-01T00:00:00Z',
      statements: [
        {
          vulnerability: { name: 'CVE-2024-1' },
          products: [{ '@id': 'pkg:deb/debian/openssl' }],
          status: 'not_affected',
          justification: 'vulnerable_code_not_present',
          ...statement,
        },
      ],
      ...more,
    }),
    'cart.vex.json',
  );

describe('suppress, with VEX', () => {
  it.each<[string, object, string[]]>([
    ['a package of every version', {}, ['openssl']],
    ['a package of this version', { products: [{ '@id': 'pkg:deb/debian/openssl@3.0.11' }] }, ['openssl']],
    ['a package of another version', { products: [{ '@id': 'pkg:deb/debian/openssl@3.0.12' }] }, []],
    ['a purl among the identifiers', { products: [{ identifiers: { purl: 'pkg:npm/express' } }] }, ['express']],
    [
      'the whole image',
      { products: [{ '@id': 'pkg:oci/cart?repository_url=ghcr.io/shop/cart' }] },
      ['openssl', 'express'],
    ],
    ['the image by its digest', { products: [{ '@id': `pkg:oci/cart@${digest}` }] }, ['openssl', 'express']],
    [
      'the image by a hash',
      { products: [{ '@id': 'https://example.com/cart', hashes: { 'sha-256': 'A'.repeat(64) } }] },
      ['openssl', 'express'],
    ],
    [
      'a part of the image',
      { products: [{ '@id': 'pkg:oci/cart', subcomponents: [{ '@id': 'pkg:npm/express' }] }] },
      ['express'],
    ],
    [
      'a part of another image',
      { products: [{ '@id': 'pkg:oci/wagon', subcomponents: [{ '@id': 'pkg:npm/express' }] }] },
      [],
    ],
    [
      'a part of a package of the image',
      {
        products: [
          { '@id': 'pkg:maven/org.springframework.boot/spring-boot', subcomponents: [{ '@id': 'pkg:npm/express' }] },
        ],
      },
      ['express'],
    ],
    [
      'a part of a package of no image',
      { products: [{ '@id': 'pkg:maven/org.example/none', subcomponents: [{ '@id': 'pkg:npm/express' }] }] },
      [],
    ],
    ['no product', { products: [] }, []],
    ['an alias of the finding', { vulnerability: { name: 'GHSA-AAAA-bbbb-cccc' } }, ['openssl']],
    ['an alias of the statement', { vulnerability: { name: 'SNYK-1', aliases: ['CVE-2024-1'] } }, ['openssl']],
    ['another vulnerability', { vulnerability: { name: 'CVE-2024-2' } }, []],
    ['what is fixed', { status: 'fixed' }, ['openssl']],
    ['what is affected', { status: 'affected' }, []],
    ['what is being looked at', { status: 'under_investigation' }, []],
    ['products as texts, as of old', { vulnerability: 'CVE-2024-1', products: ['pkg:npm/express'] }, ['express']],
  ])('applies %s', (_what, statement, expected) => {
    expect(suppressedBy({ statements: openVex(statement) })).toEqual(expected);
  });

  it('records author and reason', () => {
    const { suppressed } = suppress(
      all,
      image,
      { statements: openVex({ impact_statement: 'removed' }), exceptions: [] },
      now,
    );
    expect(suppressed[0]!.by).toEqual({
      kind: 'vex',
      source: 'cart.vex.json',
      author: 'Ann',
      reason: 'removed',
      justification: 'vulnerable_code_not_present',
      until: null,
    });
  });

  it.each([
    ['affected', '2026-01-02T00:00:00Z', []],
    ['affected', '2025-01-02T00:00:00Z', ['openssl']],
    ['affected', '2026-01-01T00:00:00Z', []],
    ['under_investigation', '2026-02-01T00:00:00+02:00', []],
  ])('applies the newest statement: one with %s on %s', (status, timestamp, expected) => {
    const statements = [...openVex({}), ...openVex({ status, timestamp })];
    expect(suppressedBy({ statements })).toEqual(expected);
  });

  it.each([
    ['vers:npm/>=4.0.0|<5.0.0', ['express']],
    ['vers:npm/<4.17.1', []],
    ['vers:unheard-of/<9', []],
    ['nonsense', []],
  ])('applies a version range of CycloneDX: %s', (range, expected) => {
    const affects = [{ ref: 'pkg:npm/express', versions: [{ range, status: 'affected' }] }];
    const vulnerabilities = [{ id: 'CVE-2024-1', analysis: { state: 'false_positive' }, affects }];
    const statements = readVex(JSON.stringify({ bomFormat: 'CycloneDX', vulnerabilities }), 'bom.json');
    expect(suppressedBy({ statements })).toEqual(expected);
  });

  it('ignores newer statements about other products', () => {
    const statements = [
      ...openVex({}),
      ...openVex({ status: 'affected', timestamp: '2026-02-01T00:00:00Z', products: [{ '@id': 'pkg:npm/express' }] }),
    ];
    expect(suppressedBy({ statements })).toEqual(['openssl']);
  });

  it('prefers an exception to a VEX statement', () => {
    const exceptions = readIgnoreFile(
      'ignore: [{ id: CVE-2024-1, packages: [openssl], reason: ours, until: 2027-01-01 }]',
      'own',
    );
    const { suppressed } = suppress(all, image, { statements: openVex({}), exceptions }, now);
    expect(suppressed.map(({ by }) => by)).toMatchObject([{ kind: 'ignore', source: 'own:1', reason: 'ours' }]);
  });
});

describe('suppress, with a .tidewaiter-ignore.yaml', () => {
  const ignore = (entry: string) =>
    readIgnoreFile(`ignore:\n  - { reason: not reachable, until: 2026-06-01, ${entry} }`, 'ignore.yaml');

  it.each([
    ['id: CVE-2024-1', ['openssl', 'express']],
    ['id: GHSA-aaaa-bbbb-cccc', ['openssl']],
    [`fingerprint: ${'f'.repeat(64)}`, ['aws-access-key-id']],
    ['id: CVE-2024-1, packages: [express]', ['express']],
    ['id: CVE-2024-1, packages: ["pkg:deb/debian/openssl"]', ['openssl']],
    ['id: CVE-2024-1, paths: ["app/**"]', ['express']],
    ['id: aws-access-key-id, kinds: [vulnerability]', []],
    ['id: aws-access-key-id, kinds: [secret], paths: ["app/.env"]', ['aws-access-key-id']],
  ])('applies %s', (entry, expected) => {
    expect(suppressedBy({ exceptions: ignore(entry) })).toEqual(expected);
  });

  it('applies an exception through its last day', () => {
    const exceptions = ignore('id: aws-access-key-id');
    expect(suppressedBy({ exceptions }, new Date('2026-06-01T23:59:59Z'))).toEqual(['aws-access-key-id']);
    expect(suppressedBy({ exceptions }, new Date('2026-06-02T00:00:00Z'))).toEqual([]);
  });

  it('warns about an ended exception that would still match', () => {
    const exceptions = [...ignore('id: CVE-2024-1, owner: team-shop'), ...ignore('id: CVE-1999-1')];
    const { warnings } = suppress(all, image, { statements: [], exceptions }, new Date('2026-07-01T00:00:00Z'));
    const message =
      'CVE-2024-1 (2 findings) counts again: the exception in ignore.yaml:2 ended on 2026-06-01, owner team-shop';
    expect(warnings).toEqual([{ code: 'EXCEPTION_EXPIRED', path: null, message }]);
  });

  it.each([
    [
      'ignore:\n  - id: CVE-1\n    reason: r\n    until: 2027-01-01\n    pathes: [a]',
      'f:5: unknown key: ignore[0].pathes',
    ],
    ['ignore:\n  - id: CVE-1\n    until: 2027-01-01', 'f:2: ignore[0].reason'],
    ['ignore:\n  - id: CVE-1\n    reason: r', 'f:2: ignore[0].until'],
    ['ignore:\n  - id: CVE-1\n    reason: r\n    until: soon', 'f:4: ignore[0].until: expected a day'],
    ['ignore:\n  - reason: r\n    until: 2027-01-01', 'f:2: ignore[0]: give an id or a fingerprint'],
    ['ignore: []\nignored: []', 'f:2: unknown key: ignored'],
    ['ignore: {', 'f:1: not valid YAML'],
    ['a: &a [x]\nb: *b', 'f: an alias has no anchor'],
    ['ignore: [{ id: "*", reason: r, until: 2027-01-31 }]', 'f:1: ignore[0].id: expected the id of a vulnerability'],
    ['ignore: [{ id: CVE-1, until: 2027-01-31 }]', 'f:1: ignore[0].reason: is missing'],
  ])('rejects %j', (text, problem) => {
    expect(() => readIgnoreFile(text, 'f')).toThrow(problem);
  });
});

describe('suppress, with a .trivyignore', () => {
  it('applies an id on each line', () => {
    const text = '# why\nCVE-2024-1 # reason\n\naws-access-key-id exp:2026-05-01\r\n';
    expect(suppressedBy({ exceptions: readTrivyIgnore(text, '.trivyignore') })).toEqual(['openssl', 'express']);
  });

  it('names the malformed line', () => {
    expect(() => readTrivyIgnore('CVE-1\nCVE-2 exp:soon', '.trivyignore')).toThrow('.trivyignore:2: expected a day');
    expect(() => readTrivyIgnore('CVE-2 expires:2026-01-01', '.trivyignore')).toThrow('.trivyignore:1: expected exp:');
    expect(() => readTrivyIgnore('CVE-1\nCVE-2024-*', '.trivyignore')).toThrow('.trivyignore:2: expected an id');
  });
});

describe('suppress, with a .trivyignore.yaml', () => {
  it.each([
    ['vulnerabilities: [{ id: CVE-2024-1 }]', ['openssl', 'express']],
    ['vulnerabilities: [{ id: CVE-2024-1, paths: ["app/*.json"] }]', ['express']],
    ['vulnerabilities: [{ id: CVE-2024-1, purls: ["pkg:npm/express@4.17.1"] }]', ['express']],
    ['vulnerabilities: [{ id: CVE-2024-1, expired_at: 2026-06-01 }]', []],
    ['vulnerabilities: [{ id: CVE-2024-1, expired_at: 2026-06-02, statement: s }]', ['openssl', 'express']],
    ['vulnerabilities: [{ id: aws-access-key-id }]', []],
    ['secrets: [{ id: aws-access-key-id }]', ['aws-access-key-id']],
    ['misconfigurations:\nlicenses: [{ id: GPL-3.0 }]', []],
    ['', []],
  ])('applies %s', (text, expected) => {
    expect(suppressedBy({ exceptions: readTrivyIgnoreYaml(text, '.trivyignore.yaml') })).toEqual(expected);
  });

  it('rejects malformed entries', () => {
    const text = 'vulnerabilities:\n  - id: CVE-1\n    expires_at: 2026-01-01\n    purls: [openssl]';
    expect(() => readTrivyIgnoreYaml(text, 'f')).toThrow(
      'f:4: vulnerabilities[0].purls[0]: expected a purl: pkg:TYPE/NAMESPACE/NAME@VERSION\nf:3: unknown key: vulnerabilities[0].expires_at',
    );
  });
});

describe('suppress, of a secret in several places', () => {
  const pathsOf = (findings: readonly Finding[]) =>
    findings.map(({ locations = [] }) => locations.map(({ path }) => path));

  it('leaves the places that no exception covers', () => {
    const objections = ignoring("id: aws-access-key-id, paths: ['test/**']");
    const { findings, suppressed } = suppress([placed], image, objections, now);
    expect(pathsOf(findings)).toEqual([['app/.env']]);
    expect(pathsOf(suppressed)).toEqual([['test/a.env', 'test/b.env']]);
    expect(findings[0]).toMatchObject({ path: 'app/.env', fingerprint: placed.fingerprint });
  });

  it.each([
    ['its rule', ['id: aws-access-key-id']],
    ['its fingerprint', [`fingerprint: ${'f'.repeat(64)}`]],
    ['every path', ["id: aws-access-key-id, paths: ['app/**']", "id: aws-access-key-id, paths: ['test/**']"]],
    [
      'the fingerprint of each place, as 0.2 wrote it',
      places.map(({ path }) => `fingerprint: ${oldFingerprint(path)}`),
    ],
  ])('suppresses it by %s', (_, entries) => {
    const { findings, suppressed } = suppress([placed], image, ignoring(...entries), now);
    expect(findings).toEqual([]);
    expect(new Set(pathsOf(suppressed).flat())).toEqual(new Set(places.map(({ path }) => path)));
  });

  it('rates it by the places that are left, under their rule', () => {
    const low = {
      ...places[1]!,
      rule: 'generic',
      title: 'generic secret',
      severity: 'low',
      confidence: 'possible',
    } as const;
    const mixed = withLocations(placed, [places[0]!, low]);
    const { findings } = suppress([mixed], image, ignoring("id: aws-access-key-id, paths: ['app/**']"), now);
    expect(findings).toMatchObject([
      { id: 'generic', title: 'generic secret', severity: 'low', confidence: 'possible', path: 'test/a.env' },
    ]);
  });

  it('does not cover places that are only counted by an exception for paths', () => {
    const cut = withLocations(placed, places, 7);
    const all = ["id: aws-access-key-id, paths: ['**']"];
    expect(suppress([cut], image, ignoring(...all), now).findings).toEqual([cut]);
    expect(suppress([cut], image, ignoring('id: aws-access-key-id'), now)).toMatchObject({
      findings: [],
      suppressed: [{ moreLocations: 7 }],
    });
  });

  it('counts again, with a warning, when the exception of one place ends', () => {
    const objections = ignoring("id: aws-access-key-id, paths: ['app/**']");
    const { findings, warnings } = suppress([placed], image, objections, new Date('2028-01-01'));
    expect(findings).toEqual([placed]);
    expect(warnings).toMatchObject([{ code: 'EXCEPTION_EXPIRED' }]);
  });
});
