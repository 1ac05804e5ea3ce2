import { Secret } from '@tidewaiter/domain';
import { noRules, readVex } from '@tidewaiter/policy';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
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
let statements: VexStatements;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  const store = new Store(dataSource, 'test');
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

describe('VexStatements', () => {
  const attached = {
    ...{ status: 'affected', justification: null, reason: 'upgrade', author: 'security@example.com' },
    ...{ source: 'attestation of release', at: new Date('2026-02-01'), products: ['pkg:deb/debian/openssl'] },
    ...{ moreProducts: 0, image: { repository: 'shop/app', digest } },
  };

  it.each(['CVE-2026-0001', 'GHSA-aaaa-bbbb-cccc'])('returns those about %s or its alias, newest first', async (id) => {
    expect(await statements.about(id, true)).toEqual([
      attached,
      expect.objectContaining({ status: 'not_affected', source: 'shop.openvex.json', image: null }),
    ]);
  });

  it('returns the attached ones alone for a caller with limits', async () => {
    expect(await statements.about('CVE-2026-0001', false)).toEqual([attached]);
  });

  it('returns nothing about another vulnerability', async () => {
    expect(await statements.about('CVE-2026-000', true)).toEqual([]);
  });
});
