import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from './data-source.js';
import { Findings } from './findings.js';
import { Store } from './store.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     VALUES ('GHSA-1', 'GHSA-1', '{CVE-2026-2222}', 'a hole', 'high', now(), 1)`,
  );
  await store.query(`INSERT INTO kev (cve, added_on) VALUES ('CVE-2026-2222', '2026-01-01')`);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

it.each([
  ['its own name', 'CVE-2026-2222', true],
  ['another name that an advisory has for it', 'GHSA-1', true],
  ['no name in the catalogue', 'CVE-2026-3333', false],
])('says of a vulnerability whether it is exploited: %s', async (_, id, kev) => {
  expect(await new Findings(store).exploitation(id)).toMatchObject({ kev });
});
