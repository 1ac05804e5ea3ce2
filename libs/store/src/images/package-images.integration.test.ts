import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { VulnerabilityDetails } from './exposure/vulnerability-details.js';
import { packageCondition } from './search/blast-packages.js';

/** A node of a plan, with what running it took. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Heap Fetches'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

const [images, packages] = [2_000, 50];

describe('images of a package', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
    await store.query(
      `INSERT INTO image (digest, media_type, config_digest, platform, labels)
       SELECT 'sha256:' || encode(sha256(n::text::bytea), 'hex'), 'm', 'c', 'p', '{}' FROM generate_series(1, ${images}) AS n`,
    );
    await store.query(
      `INSERT INTO package (id, purl, type, name, version, source_name, source_version, licenses)
       SELECT n, 'pkg:deb/debian/lib' || n || '@1', 'deb', 'lib' || n, '1', 'lib' || n, '1', '{}' FROM generate_series(1, ${packages}) AS n`,
    );
    // In the order of the images, as they are analyzed: the rows of one package are far apart.
    await store.query(
      `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
       SELECT digest, package.id, 0, 'present', 'var/lib/dpkg/status' FROM image, package ORDER BY digest, package.id`,
    );
    await store.query(
      `INSERT INTO package_vulnerability (package_id, vulnerability_id, kind, severity, fix_state, is_certain, advisory_id, evaluation)
       VALUES (7, 'CVE-2026-1', 'vulnerability', 'high', 'fixed', true, 'CVE-2026-1', 1)`,
    );
    await store.query('VACUUM ANALYZE');
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await servers.stop();
  });

  async function nodesOf(sql: string, parameters: readonly unknown[]): Promise<PlanNode[]> {
    const [row] = await store.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${sql}`,
      parameters,
    );
    const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)];
    return flat(row!['QUERY PLAN'][0]!.Plan);
  }

  /** Rows of one package are a hundred to a page of an index, and one to a page of the table. */
  function expectIndexAlone(nodes: readonly PlanNode[]): void {
    const [read, ...others] = nodes.filter((node) => node['Relation Name'] === 'image_package');
    expect(others).toEqual([]);
    expect(read).toMatchObject({ 'Node Type': 'Index Only Scan', 'Heap Fetches': 0 });
    expect(read!['Actual Rows'] * read!['Actual Loops']).toBe(images);
    expect(nodes[0]!['Shared Hit Blocks'] + nodes[0]!['Shared Read Blocks']).toBeLessThan(images / 10);
  }

  it('are read from an index alone by a search across the fleet', async () => {
    const parameters: unknown[] = [];
    const { sql } = await packageCondition(store, { package: 'lib7' });
    expectIndexAlone(
      await nodesOf(
        sql((value) => `$${parameters.push(value)}`),
        parameters,
      ),
    );
  });

  it('are read from an index alone by the versions of a vulnerability', async () => {
    await store.query(
      `INSERT INTO fleet_vulnerability (id, kind, title, severity, aliases, kev, fixable, certain, packages, ecosystems, images, repositories, namespaces, clusters, first_seen, risk)
       VALUES ('CVE-2026-1', 'vulnerability', 't', 'high', '{}', false, true, true, '{}', '{}', 0, '{}', '{}', '{}', now(), 0)`,
    );
    const asked: [sql: string, parameters: readonly unknown[]][] = [];
    const aggregate: Store['aggregate'] = async (sql, parameters = []) => {
      asked.push([sql, parameters]);
      return store.aggregate(sql, parameters);
    };
    const recording = Object.assign(Object.create(store) as Store, { aggregate, rows: store.rows.bind(store) });
    const details = new VulnerabilityDetails(recording);
    const found = await details.of((await details.named('CVE-2026-1'))!);
    expect(found.packageVersions).toMatchObject([{ name: 'lib7', images }]);
    const [sql, parameters] = asked.find(([text]) => text.includes('image_package'))!;
    expectIndexAlone(await nodesOf(sql, parameters));
  });
});
