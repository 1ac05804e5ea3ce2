import { Secret } from '@tidewaiter/domain';
import { noRules, readVex } from '@tidewaiter/policy';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { json } from '../../core/storable.js';
import { Store } from '../../core/store.js';
import { EvaluationRules } from './verdicts.js';
import { VexStatements } from './vex-statements.js';

const digest = `sha256:${'a'.repeat(64)}`;
const signer = { name: 'release', keyFingerprint: digest, identity: null, issuer: null };

const openVex = (name: string, status: string, more: object = {}) => ({
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'security@example.com',
  statements: [
    { vulnerability: { name }, products: [{ '@id': 'pkg:deb/debian/openssl' }], status, ...more },
    { vulnerability: { name: 'CVE-2026-0077' }, products: [{ '@id': 'pkg:npm/a' }], status: 'fixed' },
  ],
});

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let statements: VexStatements;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels) VALUES ($1, 'm', $1, 'linux/amd64', '{}')`,
    [digest],
  );
  const attested = [
    openVex('cve-2026-0001', 'affected', { timestamp: '2026-02-01T00:00:00Z', action_statement: 'upgrade' }),
    { 'not VEX': 'CVE-2026-0001' },
  ];
  await store.query(
    `INSERT INTO image_provenance (image_digest, connection, repository, signatures, attestations, vex, warnings)
     VALUES ($1, 'main', 'shop/app', '[]', '[]', $2, '[]'), ($1, 'main', 'shop/unsigned', '[]', '[]', '[]', '[]')`,
    [digest, JSON.stringify(attested.map((document) => ({ signer, artifact: digest, document })))],
  );
  const justified = { justification: 'vulnerable_code_not_present', timestamp: '2026-01-01T00:00:00Z' };
  const own = readVex(JSON.stringify(openVex('GHSA-aaaa-bbbb-cccc', 'not_affected', justified)), 'shop.openvex.json');
  statements = new VexStatements(store, new EvaluationRules({ ...noRules, statements: own }));
  await store.query(
    `INSERT INTO fleet_vulnerability (id, kind, title, aliases, severity, kev, images, repositories, namespaces, clusters,
       fixable, certain, packages, ecosystems, first_seen, risk)
     VALUES ('CVE-2026-0001', 'vulnerability', 't', '{GHSA-aaaa-bbbb-cccc}', 'high', false, 1, '{}', '{}', '{}', true, true,
       '{}', '{}', now(), 1)`,
  );
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

/** Puts a document with statements about one vulnerability to each of many images. */
async function putDocuments(images: number, name: string, products: number): Promise<void> {
  const document = {
    ...openVex(name, 'affected', { action_statement: 'upgrade' }),
    statements: Array.from({ length: products }, (_, n) => ({
      ...{ vulnerability: { name }, status: 'affected', action_statement: 'upgrade' },
      products: [{ '@id': `pkg:npm/p${n}` }],
    })),
  };
  await store.query(
    `INSERT INTO image_provenance (image_digest, connection, repository, signatures, attestations, vex, warnings, checked_at)
     SELECT $1, 'main', 'shop/' || n, '[]', '[]', $2, '[]', now() + n * interval '1 microsecond'
     FROM generate_series(0, $3 - 1) n ON CONFLICT (image_digest, connection, repository) DO UPDATE SET vex = excluded.vex`,
    [digest, json([{ signer, artifact: digest, document }]), images],
  );
}

describe('VexStatements', () => {
  const attached = {
    ...{ status: 'affected', justification: null, reason: 'upgrade', author: 'security@example.com' },
    ...{ source: 'attestation of release', at: new Date('2026-02-01'), products: ['pkg:deb/debian/openssl'] },
    ...{ moreProducts: 0, image: { repository: 'shop/app', digest } },
  };

  it.each(['CVE-2026-0001', 'GHSA-aaaa-bbbb-cccc'])(
    'returns those about %s or its alias, those of the settings first',
    async (id) => {
      expect(await statements.about(id, { limit: 50 }, true)).toEqual({
        items: [
          expect.objectContaining({ status: 'not_affected', source: 'shop.openvex.json', image: null }),
          attached,
        ],
        next: null,
      });
    },
  );

  it('returns the attached ones alone for a caller with limits', async () => {
    expect(await statements.about('CVE-2026-0001', { limit: 50 }, false)).toEqual({ items: [attached], next: null });
  });

  it('returns nothing about another vulnerability', async () => {
    expect(await statements.about('CVE-2026-000', { limit: 50 }, true)).toEqual({ items: [], next: null });
  });

  it('returns every statement once over pages, those of one image one by one', async () => {
    await putDocuments(60, 'CVE-2026-0300', 3);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const { items, next } = await statements.about('cve-2026-0300', { limit: 7, after }, true);
      expect(items.length).toBeLessThanOrEqual(7);
      found.push(...items.map(({ image, products }) => `${image?.repository} ${products.join()}`));
      after = next ?? undefined;
    } while (after !== undefined);
    // Newest first, and each with its three products.
    const newestFirst = Array.from({ length: 180 }, (_, n) => `shop/${59 - Math.floor(n / 3)} pkg:npm/p${n % 3}`);
    expect(found).toEqual(newestFirst);
  });

  it('resumes after an image that is gone', async () => {
    const first = await statements.about('CVE-2026-0300', { limit: 4 }, true);
    await store.query("DELETE FROM image_provenance WHERE repository = 'shop/58'");
    const { items } = await statements.about('CVE-2026-0300', { limit: 1, after: first.next! }, true);
    expect(items).toMatchObject([{ image: { repository: 'shop/57' }, products: ['pkg:npm/p0'] }]);
  });

  it.each(['', 'x', 'bnVsbA', Buffer.from('[0,["x","","",""]]').toString('base64url')])(
    'rejects the cursor %j',
    async (after) => {
      await expect(statements.about('CVE-2026-0300', { limit: 1, after }, true)).rejects.toMatchObject({
        code: 'CURSOR_INVALID',
      });
    },
  );

  it.each<[string, object]>([
    ['a vulnerability as text', { statements: [{ vulnerability: 'cve-2026-0400' }] }],
    ['an id of OpenVEX', { statements: [{ vulnerability: { '@id': 'CVE-2026-0400' } }] }],
    ['an alias', { statements: [{ vulnerability: { name: 'x', aliases: ['y', 'CVE-2026-0400'] } }] }],
    ['a CVE of CSAF', { vulnerabilities: [{ cve: 'CVE-2026-0400' }] }],
    ['an id of CSAF', { vulnerabilities: [{ ids: [{ text: 'CVE-2026-0400' }] }] }],
    ['an id of CycloneDX', { vulnerabilities: [{ id: 'CVE-2026-0400' }] }],
    ['a reference of CycloneDX', { vulnerabilities: [{ id: 'x', references: [{ id: 'CVE-2026-0400' }] }] }],
  ])('finds documents by %s', async (_, document) => {
    const [row] = await store.query<{ names: string[] }>('SELECT vex_names($1) AS names', [json([{ document }])]);
    expect(row?.names).toContain('CVE-2026-0400');
  });

  it('reads the index, not the documents', async () => {
    await putDocuments(3_000, 'CVE-2026-0500', 1);
    await store.query('ANALYZE image_provenance');
    const plans: string[] = [];
    const explaining = new Store(dataSource, 'test');
    jest.spyOn(explaining, 'aggregate').mockImplementation(async (sql, parameters) => {
      if (sql.includes('image_provenance'))
        plans.push(
          (await store.query<Record<string, string>>(`EXPLAIN ${sql}`, parameters))
            .map((line) => line['QUERY PLAN'])
            .join('\n'),
        );
      return [];
    });
    await new VexStatements(explaining, new EvaluationRules(noRules)).about('CVE-2026-0001', { limit: 50 }, true);
    expect(plans).toEqual([expect.stringContaining('image_provenance_vex_ix')]);
  });
});
