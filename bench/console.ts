/**
 * Lists of the console over a large fleet: time of a count of all vulnerabilities, and of pages
 * with totals and pairs of filters, of PostgreSQL alone. Then a console answers searches, pages,
 * exports and 200 clients of its stream. See README.md.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { limitingScopes, Secret, severities } from '@tidewaiter/domain';
import { type Fields, listFields, type ListName, parseQuery } from '@tidewaiter/query';
import {
  connect,
  FleetExposure,
  imageList,
  incidentList,
  Incidents,
  Lists,
  openUnlimited,
  pushList,
  repositoryList,
  type RowList,
  ScopedRows,
  Store,
  upgradeList,
  vulnerabilityList,
  workloadList,
} from '@tidewaiter/store';
import { minerIncident, throwAwayServers, uuidOf } from '@tidewaiter/testkit';

import { fillFleet } from './blast-fleet.ts';
import { report } from './ceilings.ts';
import { cpuSecondsOf, measureService } from './console-service.ts';

const targetMs = 300;
const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    containers: { type: 'string', default: '6000' },
    findings: { type: 'string', default: '500' },
    incidents: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '20' },
    /** Limits of the caller. */
    repositories: { type: 'string', multiple: true, default: [] },
    namespaces: { type: 'string', multiple: true, default: [] },
  },
});

/** A list with its default order, and pairs of filters. */
interface Measured {
  list: RowList<unknown>;
  sort: string;
  queries: readonly string[];
}

const measured: Partial<Record<ListName, Measured>> = {
  vulnerabilities: {
    list: vulnerabilityList,
    sort: 'risk',
    queries: [
      '',
      'severity>=high fixable',
      'running repository=team/app-1*',
      'package="libssl3<3.0.30" running',
      'image=team/app-7:latest kev',
    ],
  },
  fixes: { list: upgradeList, sort: 'risk', queries: ['', 'running severity>=high', 'package=lib1* images>10'] },
  images: {
    list: imageList,
    sort: 'pushed',
    queries: [
      '',
      'running verdict=fail',
      'package="libssl3<3.0.30" current',
      'vulnerability=CVE-2025-2 repository=team/*',
      'secret repository=team/app-1*',
      'image=team/app-7:latest current',
      'digest=sha256:0* tag=1.*',
    ],
  },
  repositories: { list: repositoryList, sort: 'pushed', queries: ['', 'running verdict=fail'] },
  incidents: {
    list: incidentList,
    sort: 'urgency',
    queries: ['', 'state=open severity>=high', 'rule=*program* namespace=team-1*', 'miner cluster=cluster-1'],
  },
  workloads: { list: workloadList, sort: 'urgency', queries: ['', 'running exposed', 'verdict=fail image=team/*'] },
  pushes: {
    list: pushList,
    sort: 'received',
    queries: ['', 'current running', 'verdict=fail repository=team/app-1*', '-running severity>=high'],
  },
};

const servers = await throwAwayServers({ postgres: true, nats: true }, { fsync: true });
const databaseUrl = await servers.postgres.createDatabase();
const options = { url: new Secret(databaseUrl), poolSize: 4, name: 'bench' };
const dataSource = await connect(options);
try {
  await fill();
  const store = new Store(dataSource, 'bench');
  const exposure = new FleetExposure(store);
  await timed('first count, with the evaluation of packages', async () => exposure.refresh());
  await store.query('UPDATE fleet_refresh SET state = NULL');
  await timed('count after a change', async () => exposure.refresh());
  await timed('look for changes', async () => exposure.refresh());
  await store.query('VACUUM ANALYZE');
  for (const [name, each] of Object.entries(measured)) await measure(store, name as ListName, each);
  await measureService(store, { databaseUrl, natsUrl: servers.nats.url }, Number(values.images), Number(values.rounds));
} finally {
  await dataSource.destroy();
  await servers.stop();
}

/** Statements that fill a fleet of this size take longer than a service may wait. */
async function fill(): Promise<void> {
  const unlimited = await openUnlimited(options);
  const store = new Store(unlimited, 'fill');
  await fillFleet(store, { images: Number(values.images), containers: Number(values.containers), files: 0 });
  await addFindings(store, Number(values.findings));
  await addIncidents(store, Number(values.incidents));
  await unlimited.destroy();
}

/** Adds matches until each image has this many findings on average. */
async function addFindings(store: Store, findings: number): Promise<void> {
  const more = Math.ceil(findings / 300);
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
     SELECT package.id, advisory.id, 'affected', 'fixed', '3.0.99-1', ARRAY[advisory.id] FROM package, generate_series(0, ${more} - 1) AS nth,
       LATERAL (SELECT 'CVE-2025-' || (abs(hashtext(name)) + nth * 37) % 2000 AS id) AS advisory
     WHERE type = 'deb' ON CONFLICT DO NOTHING`,
  );
  const [{ pairs } = { pairs: 0 }] = await store.query<{ pairs: number }>(
    `SELECT count(*)::float8 AS pairs FROM image_package JOIN package_match USING (package_id)`,
  );
  report('pairs of image and finding', pairs, '');
}

/** Adds open incidents of all severities, of workloads of the fleet. */
async function addIncidents(store: Store, incidents: number): Promise<void> {
  const opened = Array.from({ length: incidents }, (_, number) => ({
    kind: 'opened' as const,
    incident: minerIncident({
      id: uuidOf(`bench ${number}`),
      severity: severities[number % severities.length]!,
      score: number % 100,
      cluster: `cluster-${number % 3}`,
      namespace: `team-${number % 90}`,
      workload: `team-${number % 90}/Deployment/app-${number % 2_000}`,
    }),
  }));
  for (let from = 0; from < incidents; from += 500)
    await store.transaction(async (tx) => new Incidents(store).apply(tx, opened.slice(from, from + 500)));
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const outcome = await work();
  report(`${what} (${String(outcome)})`, performance.now() - began, ' ms');
}

async function measure(store: Store, name: ListName, { list, sort, queries }: Measured): Promise<void> {
  const lists = new Lists(store);
  const scopes = limitingScopes([{ repositories: values.repositories, namespaces: values.namespaces }]);
  const within = async (work: () => Promise<unknown>) =>
    scopes === null ? store.unlimited(work) : store.within(new ScopedRows(scopes, []), work);
  for (const text of queries) {
    const fields: Fields = listFields[name];
    const where = parseQuery(text, fields, new Date());
    const times: number[] = [];
    const cpu = await postgresSeconds(store);
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const began = performance.now();
      await within(async () =>
        Promise.all([lists.page(list, { where, sort, isDescending: true, limit: 50 }), lists.total(list, where)]),
      );
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
    report(`${name} ${text}`, at(0.5), ' ms p50');
    const cpuMs = (1_000 * ((await postgresSeconds(store)) - cpu)) / times.length;
    report('', cpuMs, ' ms of a core in PostgreSQL');
    report('', at(0.95), ` ms p95${at(0.95) > targetMs ? ', over the target' : ''}`);
    if (at(0.95) > targetMs) process.exitCode = 1;
  }
}

/** Seconds of a core that the connections of this process have used, whatever else runs. */
async function postgresSeconds(store: Store): Promise<number> {
  const connections = await store.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'tidewaiter-bench'`,
  );
  return connections.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0);
}
