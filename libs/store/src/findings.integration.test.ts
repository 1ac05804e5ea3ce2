import { countBySeverity, type Digest, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from './data-source.js';
import { Findings } from './findings.js';
import { Images } from './images.js';
import { Pushes } from './pushes.js';
import { Store } from './store.js';

const digest: Digest = `sha256:${'a'.repeat(64)}`;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  await pushWithPackage();
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

async function pushWithPackage(): Promise<void> {
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id = ''] = await store.transaction(async (tx) =>
    pushes.add(tx, [{ connection: 'main', repository: 'shop/app', tag: '1', ...about }]),
  );
  const push = (await pushes.get(id))!;
  const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64' as const };
  const build = { createdAt: null, baseCreatedAt: null, user: null };
  await store.transaction(async (tx) => {
    await images.add(tx, [{ ...image, ...build, labels: {}, layers: [], findings: [] }]);
    await pushes.resolved(tx, push, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'unknown', counts: countBySeverity([]), warnings: [] });
  });
  await store.query(
    `INSERT INTO package (id, purl, type, name, version, source_name, source_version, licenses)
     VALUES (1, 'pkg:deb/debian/openssl@1', 'deb', 'openssl', '1', 'openssl', '1', '{}')`,
  );
  await store.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in) VALUES ($1, 1, 0, 'present', 'db')`,
    [digest],
  );
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     VALUES ('DSA-1', 'CVE-2026-1111', '{CVE-2026-2222}', 'a hole', 'high', now(), 1),
       ('DSA-2', 'CVE-2026-3333', '{}', 'another', 'high', now(), 1)`,
  );
  await store.query(`INSERT INTO kev (cve, added_on) VALUES ('CVE-2026-2222', '2026-01-01')`);
}

it.each([
  ['one of the CVEs of an advisory', 'DSA-1', true],
  ['none of them', 'DSA-2', false],
  ['that of an advisory that nobody knows', 'DSA-3', false],
])('says of the places of a package whether %s is exploited', async (_, advisoryId, kev) => {
  const places = await new Findings(store).places(['pkg:deb/debian/openssl@1'], advisoryId);
  expect(places).toEqual([expect.objectContaining({ registry: 'r:5000', repository: 'shop/app', tag: '1', kev })]);
});
