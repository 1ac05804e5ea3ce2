/**
 * Exports of wide rows in each format: vulnerabilities that name hundreds of repositories each,
 * read by one client from a console of its own. See README.md.
 */
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { ApiTokens, connect, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { Client, freePort, measureExport, startConsole } from './console-service.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '6000' },
    repositories: { type: 'string', default: '500' },
  },
});

const servers = await throwAwayServers({ postgres: true, nats: true });
const databaseUrl = await servers.postgres.createDatabase();
const dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'bench' });
const store = new Store(dataSource, 'bench');
const port = await freePort();
const service = startConsole({ databaseUrl, natsUrl: servers.nats.url }, port);
try {
  await store.query(
    `INSERT INTO fleet_vulnerability (id, kind, title, severity, aliases, cvss, published, kev, epss, fixable, certain, packages,
       ecosystems, images, running_images, workloads, repositories, namespaces, clusters, first_seen, risk)
     SELECT 'CVE-2025-' || n, 'vulnerability', 'A "title" of it', 'high', ARRAY['GHSA-' || n], 7.5, now(), false, 0.00001 * n, true,
       true, '{openssl}', '{Debian}', 10, 5, 7, named, '{shop}', '{eu1}', now(), n
     FROM generate_series(1, $1) AS n,
       LATERAL (SELECT array_agg('team/app-' || (i * 7 + n) % 3000 ORDER BY 1) AS named FROM generate_series(1, $2) AS i) AS names`,
    [Number(values.rows), Number(values.repositories)],
  );
  await store.query('VACUUM ANALYZE fleet_vulnerability');
  const token = (await new ApiTokens(store).make('bench', 'viewer', null)).reveal();
  const client = new Client(`http://127.0.0.1:${port}/api/v1/`, token);
  await client.ready();
  for (const format of ['ndjson', 'json', 'csv'])
    await measureExport(client, store, service.pid!, 'vulnerabilities', format);
} finally {
  service.kill();
  await dataSource.destroy();
  await servers.stop();
}
