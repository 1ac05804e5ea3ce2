import { gzipSync } from 'node:zlib';

import { clusterImage, workloadsAnswer } from '@tidewaiter/agent-protocol';
import { Bus } from '@tidewaiter/bus';
import { type Digest, findingOf, type RuntimeRecord, Secret } from '@tidewaiter/domain';
import { type DataOf, readEvent, runtimeObserved } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { AuditLog, ClusterCredentials, Clusters, connect, Images, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let ingest: RunningService;
let dataSource: DataSource;
let store: Store;
let clusters: Clusters;
let bus: Bus;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  const databaseUrl = await servers.postgres.createDatabase();
  ingest = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  clusters = new Clusters(store);
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
});

afterAll(async () => {
  await bus.onApplicationShutdown();
  await dataSource.destroy();
  await ingest.stop();
  await servers.stop();
});

interface Answer {
  status: number;
  body: Record<string, unknown> | null;
}

async function post(path: string, body: object | string, credential?: string): Promise<Answer> {
  const answer = await fetch(`${ingest.url}/agent/v1/${path}`, {
    method: 'POST',
    headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>) };
}

/** Records of the stream by the name of their sensor. */
async function storedOf(sensor: string): Promise<RuntimeRecord[]> {
  const { source, waiting } = await bus.consumerAfter('TIDEWAITER_RUNTIME', `${runtimeObserved.channel}.*`, null);
  const records: RuntimeRecord[] = [];
  if (waiting === 0) return records;
  for await (const { data } of await source.fetch({ max_messages: waiting, expires: 5_000 }))
    records.push(...(readEvent(data).data as DataOf<typeof runtimeObserved>).records);
  return records.filter((record) => record.sensor === sensor);
}

const agent = { version: '9.9.9', instance: 'one' };
const status = { ...agent, lastEventAt: null, lagMs: 0, waitingBytes: 0, dropped: {} };
const tokenFor = async (name: string) => (await clusters.invite(name)).token.reveal();

/** Joins a cluster; returns its credential. */
async function join(name: string, instance = 'one'): Promise<string> {
  const { status: answered, body } = await post('join', { token: await tokenFor(name), ...agent, instance });
  expect(answered).toBe(200);
  return String(body?.['credential']);
}

describe('agents', () => {
  it('exchange a join token once', async () => {
    const token = await tokenFor('eu1');
    const joined = await post('join', { token, ...agent });
    expect(joined).toMatchObject({
      status: 200,
      body: { cluster: 'eu1', credential: expect.stringMatching(/^tide_agent_/) },
    });
    const { expiresAt, rotateAt } = joined.body as Record<string, string>;
    expect(Date.parse(rotateAt!) - Date.now()).toBeGreaterThan(3_600_000);
    expect(Date.parse(expiresAt!)).toBeGreaterThan(Date.parse(rotateAt!));
    expect(await post('join', { token, ...agent, instance: 'two' })).toMatchObject({
      status: 401,
      body: { code: 'JOIN_TOKEN_INVALID' },
    });
    expect(await clusters.list()).toMatchObject([{ name: 'eu1', agentVersion: '9.9.9', joinExpiresAt: null }]);
  });

  it('exchange a join token again while their answer may be lost', async () => {
    const token = await tokenFor('lost');
    const exchange = async (instance: string) => post('join', { token, ...agent, instance });
    const [lost, again] = [await exchange('one'), await exchange('one')];
    const credentials = [lost, again].map(({ body }) => String(body?.['credential']));
    expect(credentials[1]).toMatch(/^tide_agent_/);
    const accepted = credentials.map(async (credential) => (await post('status', status, credential)).status);
    expect(await Promise.all(accepted)).toEqual([401, 204]);
    expect((await exchange('two')).status).toBe(401);
    await store.query(`UPDATE cluster SET joined_at = joined_at - interval '16 minutes' WHERE name = 'lost'`, []);
    expect((await exchange('one')).status).toBe(401);
  });

  it('exchange a join token once when many try at the same time', async () => {
    const token = await tokenFor('race');
    const tries = Array.from({ length: 8 }, async (_, index) =>
      post('join', { token, ...agent, instance: `${index}` }),
    );
    const joined = (await Promise.all(tries)).filter((each) => each.status === 200);
    expect(joined).toHaveLength(1);
  });

  it('are audited when they join, without their secrets', async () => {
    const credential = await join('audited');
    const [entry] = await store.query<{ subject: string; details: object }>(
      `SELECT subject, details FROM audit_entry WHERE action = 'cluster.joined' AND subject = 'audited'`,
      [],
    );
    expect(entry).toMatchObject({ details: { after: { version: '9.9.9' } } });
    expect(JSON.stringify(entry)).not.toContain(credential);
    expect((await new AuditLog(store).verify()).brokenAt).toBeNull();
  });

  it.each([
    ['forged', `tide_join_${'A'.repeat(43)}`],
    ['empty', ''],
    ['a credential', `tide_agent_${'A'.repeat(43)}`],
  ])('are refused with a join token that is %s', async (_, token) => {
    expect(await post('join', { token, ...agent })).toMatchObject({
      status: 401,
      body: { code: 'JOIN_TOKEN_INVALID' },
    });
  });

  it('are refused with an expired join token, or one that a later one replaced', async () => {
    const [old, token] = [await tokenFor('late'), await tokenFor('late')];
    expect((await post('join', { token: old, ...agent })).status).toBe(401);
    await store.query(`UPDATE cluster SET join_expires_at = now() - interval '1 second' WHERE name = 'late'`, []);
    expect((await post('join', { token, ...agent })).status).toBe(401);
  });

  it.each([
    ['no JSON', 'not json'],
    ['no object', '[]'],
    ['a token of another type', '{"token":1}'],
    ['a token that is too long', `{"token":"${'x'.repeat(5_000)}"}`],
  ])('are answered with 400 for a body with %s', async (_, body) => {
    expect((await post('join', body)).status).toBe(400);
  });

  it('report their status, also with keys that the hub does not know', async () => {
    const credential = await join('reports');
    const report = {
      lagMs: 5,
      waitingBytes: 6,
      dropped: { falco: 7 },
      problems: { hub: 'away' },
      added: 'by a newer agent',
    };
    expect(await post('status', { ...status, ...report, lastEventAt: '2026-01-02T03:04:05.000Z' }, credential)).toEqual(
      {
        status: 204,
        body: null,
      },
    );
    expect((await clusters.list()).find(({ name }) => name === 'reports')).toMatchObject({
      heardAt: expect.any(Date),
      lastEventAt: new Date('2026-01-02T03:04:05Z'),
      lagMs: 5,
      waitingBytes: 6,
      dropped: { falco: 7 },
      problems: { hub: 'away' },
    });
  });

  it.each([
    ['none', undefined],
    ['a forged one', `tide_agent_${'A'.repeat(43)}`],
    ['a join token', `tide_join_${'A'.repeat(43)}`],
    ['something else', "' OR true --"],
  ])('are refused without a credential: %s', async (_, credential) => {
    for (const path of ['status', 'credential'])
      expect(await post(path, status, credential)).toMatchObject({
        status: 401,
        body: { code: 'AGENT_CREDENTIAL_INVALID' },
      });
  });

  it('are refused before their body is read', async () => {
    const large = 'x'.repeat(900_000);
    expect((await post('status', large)).status).toBe(401);
  });

  it('send events, under the name and the cluster of the agent', async () => {
    const credential = await join('sends');
    const pod = (name: string) => ({
      type: 'ADDED',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'shop', uid: name },
        spec: { nodeName: 'n1' },
      },
    });
    // The agent joins its batches as members of one gzip file.
    const body = Buffer.concat([gzipSync(`${JSON.stringify(pod('a'))}\n`), gzipSync(`${JSON.stringify(pod('b'))}\n`)]);
    const send = async () =>
      fetch(`${ingest.url}/agent/v1/events/kubernetes-watch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${credential}`, 'content-encoding': 'gzip' },
        body,
      });
    expect(await (await send()).json()).toEqual({ accepted: 2, duplicates: 0, ignored: 0 });
    expect(await (await send()).json()).toEqual({ accepted: 0, duplicates: 2, ignored: 0 });
    const stored = await storedOf('sends/kubernetes-watch');
    expect(stored).toMatchObject([
      { source: 'kubernetes-watch', cluster: 'sends', node: 'n1' },
      { source: 'kubernetes-watch', cluster: 'sends', node: 'n1' },
    ]);
  });

  it('send events only with their credential, of known sources, and of limited size', async () => {
    const credential = await join('limits');
    expect((await post('events/falco', {}, `tide_agent_${'A'.repeat(43)}`)).status).toBe(401);
    expect(await post('events/cloudtrail', {}, credential)).toMatchObject({
      status: 404,
      body: { code: 'AGENT_SOURCE_UNKNOWN' },
    });
    expect((await post('events/falco', '{"not": "an event"}', credential)).status).toBe(422);
    expect((await post('events/kubernetes-audit', '{', credential)).status).toBe(400);
    expect((await post('events/falco', ' '.repeat(9 * 2 ** 20), credential)).status).toBe(413);
  });

  it('rotate their credential, and use the one before for a while', async () => {
    const first = await join('rotates');
    const second = String((await post('credential', {}, first)).body?.['credential']);
    expect(second).not.toBe(first);
    // As if the answer had been lost: the agent asks again with what it has.
    const third = String((await post('credential', {}, first)).body?.['credential']);
    for (const [credential, expected] of [
      [first, 204],
      [second, 401],
      [third, 204],
    ] as const)
      expect((await post('status', status, credential)).status).toBe(expected);
    await store.query(
      `UPDATE cluster SET previous_expires_at = now() - interval '1 second' WHERE name = 'rotates'`,
      [],
    );
    expect((await post('status', status, first)).status).toBe(401);
    expect((await post('credential', {}, first)).status).toBe(401);
    expect((await post('status', status, third)).status).toBe(204);
  });

  it('do not prolong the credential before by rotating again', async () => {
    const first = await join('prolongs');
    await post('credential', {}, first);
    const endOf = async () =>
      store.query<{ end: Date }>(`SELECT previous_expires_at AS end FROM cluster WHERE name = 'prolongs'`, []);
    const [end] = await endOf();
    await post('credential', {}, first);
    expect(await endOf()).toEqual([end]);
  });

  it('are refused once their credential has expired', async () => {
    const credential = await join('expires');
    await store.query(`UPDATE cluster SET credential_expires_at = now() WHERE name = 'expires'`, []);
    expect((await post('status', status, credential)).status).toBe(401);
    expect((await post('credential', {}, credential)).status).toBe(401);
  });

  it('are refused as soon as their cluster is removed', async () => {
    const credential = await join('gone');
    await clusters.remove('gone');
    expect((await post('status', status, credential)).status).toBe(401);
    await expect(new ClusterCredentials(store).verify(credential)).rejects.toMatchObject({
      code: 'AGENT_CREDENTIAL_INVALID',
    });
    await expect(clusters.remove('gone')).rejects.toMatchObject({ code: 'CLUSTER_UNKNOWN' });
  });

  it('replace the agent before them when another one joins as the same cluster', async () => {
    const first = await join('twice', 'one');
    await clusters.invite('twice');
    expect((await post('status', status, first)).status).toBe(204);
    const second = await join('twice', 'two');
    expect((await post('status', status, first)).status).toBe(401);
    expect((await post('status', { ...status, instance: 'two' }, second)).status).toBe(204);
  });

  it.each(['', '../x', 'a b', 'x'.repeat(64), '-x'])('are not invited to a cluster named "%s"', async (name) => {
    await expect(clusters.invite(name)).rejects.toMatchObject({ code: 'CLUSTER_NAME_INVALID' });
  });

  describe('that write reports', () => {
    const digest: Digest = `sha256:${'d'.repeat(64)}`;
    const secretValue = 'value-of-a-secret-in-the-image';

    /** Stores an image with a vulnerability and a secret, which a Deployment of a cluster runs. */
    async function storeWorkload(cluster: string): Promise<void> {
      const images = new Images(store);
      const described = { mediaType: 'm', configDigest: digest, platform: 'linux/amd64', user: null, labels: {} };
      const dates = { createdAt: null, baseCreatedAt: null };
      const layer = { index: 0, digest, diffId: digest, mediaType: 'm', sizeBytes: 1 };
      const openssl: Parameters<Images['analyzed']>[3]['packages'][number] = {
        ...{ type: 'deb', name: 'openssl', version: '3.0.15-1', purl: 'pkg:deb/debian/openssl@3.0.15-1', key: null },
        ...{ source: { name: 'openssl', version: '3.0.15-1' }, licenses: [], foundIn: 'var/lib/dpkg/status' },
        ...{ layer: 0, state: 'present' },
      };
      const secret = findingOf({
        ...{ kind: 'secret', id: 'private-key', severity: 'high', title: 'a key', fingerprint: 'f', state: 'present' },
        ...{ layer: 0, evidence: { masked: secretValue } },
      });
      const os = { id: 'debian', versionId: '13', name: 'Debian 13', idLike: [] };
      await store.transaction(async (tx) => {
        await images.add(tx, [{ ...described, ...dates, digest, findings: [], configVersion: null, layers: [layer] }]);
        const inventory = { os, packages: [openssl], warnings: [], findings: [secret], notEvaluated: [] };
        await images.analyzed(tx, digest, '1', inventory);
      });
      await store.query(`INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
        VALUES ('CVE-2027-1', 'CVE-2027-1', '{}', 'a hole', 'high', now(), 1)`);
      await store.query(`INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
        SELECT id, 'CVE-2027-1', 'affected', 'fixed', '3.0.17-1', '{CVE-2027-1}' FROM package WHERE name = 'openssl'`);
      await store.query(
        `INSERT INTO container_ledger (container_id, cluster, namespace, pod, name, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
         SELECT n::text, $1, 'shop', 'web-' || n, 'app', 'Deployment', 'web', $2, '{}', now(), now() FROM generate_series(1, 3) AS n`,
        [cluster, digest],
      );
      await store.query(
        `INSERT INTO workload_finding (cluster, namespace, kind, name, fingerprint, check_id, severity, title, container, field, first_seen, last_seen)
         SELECT $1, 'shop', 'Deployment', 'web', n::text, 'k8s-' || n, CASE n WHEN 600 THEN 'critical' ELSE 'low' END, 'a check', 'app', NULL, now(), now()
         FROM generate_series(1, 600) AS n`,
        [cluster],
      );
    }

    const get = async (path: string, credential: string): Promise<Answer & { text: string }> => {
      const headers = { authorization: `Bearer ${credential}` };
      const answer = await fetch(`${ingest.url}/agent/v1/${path}`, { headers });
      const text = await answer.text();
      return { status: answer.status, body: JSON.parse(text) as Record<string, unknown>, text };
    };

    it('learn the findings of what their cluster runs, the worst first and not all, and no secret', async () => {
      const [own, other] = [await join('runs'), await join('runs-not')];
      await storeWorkload('runs');
      const workloads = await get('workloads', own);
      const [workload] = workloadsAnswer.parse(workloads.body).items;
      expect(workload).toMatchObject({
        ...{ namespace: 'shop', kind: 'Deployment', name: 'web', containers: [{ name: 'app', digest }] },
        misconfigurationCounts: { critical: 1, low: 599 },
      });
      expect(workload!.misconfigurations).toHaveLength(500);
      expect(workload!.misconfigurations[0]).toMatchObject({ check: 'k8s-600', severity: 'critical' });
      const image = await get(`images/${digest}`, own);
      expect(clusterImage.parse(image.body)).toMatchObject({
        ...{ digest, os: { family: 'debian', version: '13' } },
        vulnerabilities: [{ id: 'CVE-2027-1', packageName: 'openssl', packageType: 'deb', fixedVersion: '3.0.17-1' }],
        vulnerabilityCounts: { high: 1 },
      });
      expect(image.text + workloads.text).not.toContain(secretValue);

      expect(await get('workloads', other)).toMatchObject({ status: 200, body: { items: [], next: null } });
      expect(await get(`images/${digest}`, other)).toMatchObject({ status: 404, body: { code: 'IMAGE_UNKNOWN' } });
    });

    it('page through the workloads', async () => {
      const credential = await join('many');
      await store.query(
        `INSERT INTO container_ledger (container_id, cluster, namespace, pod, workload_kind, workload, claimed_digests, first_seen, last_seen)
         SELECT 'many-' || n, 'many', 'ns-' || n % 3, 'p', 'Deployment', 'w' || n, '{}', now(), now() FROM generate_series(1, 45) AS n`,
      );
      const names: string[] = [];
      for (let path = 'workloads'; ;) {
        const { items, next } = workloadsAnswer.parse((await get(path, credential)).body);
        names.push(...items.map(({ namespace, name }) => `${namespace}/${name}`));
        if (next === null) break;
        path = `workloads?after=${encodeURIComponent(next)}`;
      }
      expect(names).toHaveLength(45);
      expect(names).toEqual([...new Set(names)].toSorted());
    });

    it.each(['x', '[1]', '["a","b"]', '{}', 'null'])('are refused with %j as the end of a page', async (after) => {
      const credential = await join('pages');
      expect(await get(`workloads?after=${encodeURIComponent(after)}`, credential)).toMatchObject({
        status: 400,
        body: { code: 'CURSOR_INVALID' },
      });
    });
  });
});
