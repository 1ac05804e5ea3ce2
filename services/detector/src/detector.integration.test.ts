import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus } from '@tidewaiter/bus';
import { hubKeyText, readHubKey, verifyOrder } from '@tidewaiter/containment';
import { countBySeverity, type Digest, type RuntimeRecord, Secret } from '@tidewaiter/domain';
import {
  type CloudEvent,
  imageReexamined,
  partitionOf,
  runtimeChannel,
  runtimeObserved,
  runtimePartitions,
} from '@tidewaiter/events';
import { packManifest } from '@tidewaiter/facts';
import type { RunningService } from '@tidewaiter/runtime';
import { fingerprintKeyOf, valueFingerprints } from '@tidewaiter/secrets';
import {
  alertList,
  connect,
  containmentList,
  ContainmentOrders,
  DeadLetters,
  ImageManifests,
  Images,
  incidentList,
  Incidents,
  Lists,
  Provenances,
  Pushes,
  type RowOf,
  ruleList,
  Store,
} from '@tidewaiter/store';
import { listed, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { start } from './main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let bus: Bus;
let folder: string;
let environment: Record<string, string>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let replicas: RunningService[] = [];

const fingerprintKey = 'the key of the test';

const incidents = async () => listed(store, incidentList, 'number');

const shellRule = (title: string, image: string) => `
title: ${title}
id: 7d1c0c7e-0000-4000-8000-${Buffer.from(title).toString('hex').padEnd(12, '0').slice(0, 12)}
level: high
logsource: { product: linux, category: process_creation }
detection:
  selection: { Image|endswith: /${image} }
  condition: selection
`;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-rules-'));
});

beforeEach(async () => {
  await servers.nats.wipe();
  await until('the stream is there', async () =>
    bus.reconcile().then(
      () => true,
      () => false,
    ),
  );
  await writeFile(join(folder, 'rules.yml'), shellRule('Probe runs', 'probe'));
  const url = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  environment = {
    TIDEWAITER_DATABASE_URL: url,
    // The smallest possible pool: a query that waits for another connection while it holds one
    // would hang.
    TIDEWAITER_DATABASE_POOL: '2',
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: process.env['DEBUG_LEVEL'] ?? 'silent',
    TIDEWAITER_RULES: folder,
    TIDEWAITER_FINGERPRINT_KEY: fingerprintKey,
    TIDEWAITER_DETECTOR_LATENESS: '200ms',
  };
});

afterEach(async () => {
  await Promise.all(replicas.map(async (replica) => replica.stop()));
  replicas = [];
  await dataSource.destroy();
});

afterAll(async () => {
  await bus.onApplicationShutdown();
  await servers.stop();
  await rm(folder, { recursive: true });
}, 30_000);

async function startReplica(): Promise<RunningService> {
  const replica = await start(environment);
  replicas.push(replica);
  return replica;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 60 s`);
    await sleep(20);
  }
}

let serial = 0;

/** An exec event in the format of Tetragon. */
function exec(node: string, binary = '/usr/bin/probe'): RuntimeRecord {
  serial += 1;
  const at = new Date().toISOString();
  const execId = Buffer.from(`${node}:${serial}`).toString('base64');
  const process = { exec_id: execId, pid: serial, uid: 0, cwd: '/', binary, arguments: '', start_time: at };
  const event = {
    process_exec: { process, parent: { exec_id: 'cGFyZW50', binary: '/bin/sh', pid: 1 } },
    node_name: node,
    time: at,
  };
  return { id: `e${serial}`, source: 'tetragon', sensor: 'tetragon-eu1', cluster: 'eu1', node, at, event };
}

/** Publishes records as ingest does: a message for each partition. */
async function observe(...records: RuntimeRecord[]): Promise<void> {
  const byPartition = Map.groupBy(records, partitionOf);
  for (const [partition, batch] of byPartition) {
    await publish(partition, { sensor: 'tetragon-eu1', records: batch });
  }
}

function eventOf(type: string, subject: string, data: unknown): CloudEvent {
  const made = { specversion: '1.0', datacontenttype: 'application/json', time: new Date().toISOString() } as const;
  return { ...made, id: uuidv7(), source: '/tidewaiter/test', type, subject, data };
}

async function publish(partition: number, data: unknown): Promise<void> {
  const event = eventOf(runtimeObserved.type, 'tetragon-eu1', data);
  // As in ingest, which waits out an outage of NATS.
  for (let tries = 0; ; tries += 1) {
    try {
      await bus.publish(runtimeChannel(partition), event, event.id);
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(100);
    }
  }
}

/** Ids of the events that raised alerts. */
async function alerted(rule = 'Probe runs'): Promise<string[]> {
  const rows = await store.query<{ event: string }>(
    `SELECT alert -> 'events' ->> 0 AS event FROM detection_alert WHERE rule = $1 ORDER BY 1`,
    [rule],
  );
  return rows.map(({ event }) => event);
}

const wholeList = { where: { kind: 'all', of: [] }, isDescending: true, limit: 50 } as const;

/** Alerts, the newest first, with the ids of their incidents. */
async function alertsListed(): Promise<(RowOf<typeof alertList.columns>['alert'] & { incidentId: string | null })[]> {
  const { items } = await store.unlimited(async () =>
    new Lists(store).page(alertList, { ...wholeList, sort: 'number' }),
  );
  return items.map(({ alert, incidentId }) => ({ ...alert, incidentId }));
}

async function shares(): Promise<number[]> {
  const rows = await store.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM detector_lease WHERE holder IS NOT NULL GROUP BY holder ORDER BY 1',
  );
  return rows.map(({ count }) => count);
}

const leases = runtimePartitions + 1;

const isSpread = (replicas: number) => async () => {
  const held = await shares();
  const total = held.reduce((sum, count) => sum + count, 0);
  return held.length === replicas && total === leases && Math.max(...held) <= Math.ceil(leases / replicas);
};

const nodes = Array.from({ length: 40 }, (_, index) => `worker-${index}`);

describe('detector', () => {
  it('raises an alert and opens an incident when a rule matches', async () => {
    await startReplica();
    const found = exec('worker-1');
    await observe(found, exec('worker-2', '/usr/bin/other'));
    await until('an incident', async () => (await incidents()).length === 1);
    const items = await alertsListed();
    const [incident] = await incidents();
    expect(items).toMatchObject([{ rule: { title: 'Probe runs' }, events: [found.id], incidentId: incident?.id }]);
    expect(incident).toMatchObject({ state: 'open', openedBy: found.id });
    const events = await store.query(`SELECT data FROM outbox WHERE source = '/tidewaiter/detector'`);
    expect(events).toHaveLength(1);
  });

  it('opens an incident again that a restored database has lost, while it runs', async () => {
    await startReplica();
    await observe(exec('worker-1'));
    const opened = incidents;
    await until('an incident', async () => (await opened()).length === 1);
    const [before] = await opened();
    // As the copy had it: the alert was stored, and waited for the builder.
    await store.transaction(async (tx) => {
      await tx.query('DELETE FROM incident_revision');
      await tx.query('DELETE FROM incident');
      await tx.query(`DELETE FROM detector_snapshot WHERE name = 'incidents'`);
      await tx.query(`UPDATE detector_lease SET commits = commits - 1 WHERE name = 'incidents'`);
      await tx.query('UPDATE detection_alert SET turn = NULL, incident_id = NULL');
    });
    await until('the incident again', async () => (await opened()).length === 1);
    expect(await opened()).toMatchObject([{ id: before!.id, openedBy: before!.openedBy }]);
  });

  it('raises an alert again that a restored database has lost, although no event follows', async () => {
    await startReplica();
    await observe(exec('worker-1'));
    await until('an incident', async () => (await incidents()).length === 1);
    const before = await alerted();
    // As the copy had it: taken between the event and its alert.
    await store.transaction(async (tx) => {
      await tx.query('DELETE FROM incident_revision');
      await tx.query('DELETE FROM incident');
      await tx.query('DELETE FROM detection_alert');
      await tx.query('DELETE FROM detector_snapshot');
      await tx.query('UPDATE detector_lease SET commits = greatest(0, commits - 1)');
    });
    await until('the alert again', async () => (await alerted()).length === 1);
    expect(await alerted()).toEqual(before);
  });

  it('adds workload and image to an incident when the watch reports the pod later by its full container id', async () => {
    await startReplica();
    const id = '8f4ae1a7a49c'.padEnd(64, '0');
    const found = exec('worker-1');
    Object.assign(found.event['process_exec']!['process' as never], { docker: id.slice(0, 31) });
    await observe(found);
    const incident = async () => (await incidents())[0];
    await until('an incident', async () => (await incident()) !== undefined);
    expect(await incident()).toMatchObject({ workload: null, imageDigest: null });
    const digest = `sha256:${'b'.repeat(64)}`;
    const status = {
      name: 'app',
      containerID: `containerd://${id}`,
      imageID: `shop/app@${digest}`,
      image: 'shop/app:1',
    };
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'app-7c9d8f6b5', controller: true };
    const labels = { 'pod-template-hash': '7c9d8f6b5' };
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'app-7c9d8f6b5-abcde', namespace: 'shop', uid: 'u', ownerReferences: [owner], labels },
      spec: { nodeName: 'worker-1', containers: [{ name: 'app', image: 'shop/app:1' }] },
      status: { containerStatuses: [status] },
    };
    const at = new Date().toISOString();
    const event = { type: 'ADDED', object };
    await observe({ id: 'pod', source: 'kubernetes-watch', sensor: 'watch', cluster: 'eu1', node: null, at, event });
    await until('the workload', async () => (await incident())?.workload === 'shop/Deployment/app');
    const items = await incidents();
    expect(items).toMatchObject([{ namespace: 'shop', imageDigest: digest, openedBy: found.id }]);
    const revisions = await new Incidents(store).revisions(items[0]!.id);
    expect(revisions[0]?.kind).toBe('opened');
    expect(revisions.slice(1).flatMap(({ news }) => news)).toEqual(
      expect.arrayContaining(['Workload identified: shop/Deployment/app', 'Image identified']),
    );
  });

  /**
   * Stores an analyzed image that should be signed but is not, and two containers that run it;
   * returns its push.
   */
  async function unsigned(digest: Digest, containers: readonly string[]): Promise<string> {
    const place = { connection: 'main', repository: 'shop/app', tag: '1' };
    const [pushes, images] = [new Pushes(store), new Images(store)];
    const [pushId = ''] = await store.transaction(async (tx) =>
      pushes.add(tx, [
        { ...place, claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null },
      ]),
    );
    const push = (await pushes.get(pushId))!;
    const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64', labels: {}, layers: [] };
    const build = { createdAt: null, baseCreatedAt: null, user: null, configVersion: null, findings: [] };
    await store.transaction(async (tx) => {
      await images.add(tx, [{ ...image, ...build }]);
      await images.analyzed(tx, digest, '1', { os: null, packages: [], findings: [], warnings: [], notEvaluated: [] });
      await new ImageManifests(store, images).put(tx, digest, packManifest([]));
      await pushes.resolved(tx, push, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
      await pushes.analyzed(tx, pushId, { verdict: 'fail', counts: countBySeverity([]), warnings: [] });
      await new Provenances(store).put(
        tx,
        place,
        digest,
        { signatures: [], attestations: [], vex: [], warnings: [] },
        [],
      );
    });
    for (const id of containers) {
      await store.query(
        `INSERT INTO container_ledger (container_id, cluster, namespace, pod, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
       VALUES ($1, 'eu1', 'shop', $2, 'Deployment', $2, $3, '{}', now() - interval '1 hour', now())`,
        [id, `app-${id.slice(0, 1)}`, digest],
      );
    }
    return pushId;
  }

  it('drops the missing signature of an image as soon as a signature arrives', async () => {
    const digest: Digest = `sha256:${'e'.repeat(64)}`;
    const index: Digest = `sha256:${'f'.repeat(64)}`;
    const [before, after] = ['1'.repeat(64), '2'.repeat(64)] as const;
    const pushId = await unsigned(digest, [before, after]);
    const run = async (container: string) => {
      const record = exec('worker-1');
      Object.assign(record.event['process_exec']!['process' as never], { docker: container.slice(0, 31) });
      await observe(record);
      await until('it is evaluated', async () => (await alerted()).includes(record.id));
      const [row] = await store.query<{ alert: string }>(
        `SELECT alert::text AS alert FROM detection_alert WHERE alert -> 'events' ->> 0 = $1`,
        [record.id],
      );
      return row!.alert;
    };
    /** Raises an alert about the container while its image is known. */
    const runKnown = async (container: string) => {
      let alert = '';
      await until('its image is known', async () => (alert = await run(container)).includes('is not in the image'));
      return alert;
    };
    await startReplica();
    expect(await runKnown(before)).toContain('the image is not signed');
    const signer = { name: 'release', keyFingerprint: 'sha256:1', identity: null, issuer: null };
    const signature = { verified: true, code: null, reason: null, signer, subject: index, artifact: digest };
    const place = { connection: 'main', repository: 'shop/app' };
    await store.transaction(async (tx) => {
      const known = { signatures: [signature], attestations: [], vex: [], warnings: [] };
      await new Provenances(store).put(tx, place, digest, known, []);
    });
    // The signature is of an index; the container runs an image of it.
    const data = {
      ...{ ...place, pushId, tag: '1', digest: index, previousDigest: null, isCurrent: true, verdict: 'pass' },
      ...{ counts: countBySeverity([]), opened: [], resolved: [], platforms: [{ platform: 'linux/amd64', digest }] },
    };
    const event = eventOf(imageReexamined.type, 'shop/app:1', data);
    await bus.publish(imageReexamined.channel, event, event.id);
    expect(await runKnown(after)).not.toContain('not signed');
  });

  /** An image that holds a key, and the one workload that runs it. */
  async function leak(accessKeyId: string): Promise<Digest> {
    const digest: Digest = `sha256:${'a'.repeat(64)}`;
    const valueFingerprint = valueFingerprints(fingerprintKeyOf(fingerprintKey))?.of(accessKeyId);
    await store.query(
      `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzed_at) VALUES ($1, '', $1, 'linux/amd64', '{}', now())`,
      [digest],
    );
    await store.query(
      `INSERT INTO image_finding (image_digest, fingerprint, source, finding) VALUES ($1, 'f', 'layers', $2)`,
      [
        digest,
        JSON.stringify({ kind: 'secret', id: 'aws-access-token', path: '/app/.env', evidence: { valueFingerprint } }),
      ],
    );
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, namespace, pod, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
     VALUES ($1, 'eu1', 'shop', 'payment-7c9d8f6b5-abcde', 'Deployment', 'payment', $2, '{}', now() - interval '1 hour', now())`,
      ['c'.repeat(64), digest],
    );
    return digest;
  }

  it('names the workload whose image leaked the key of a call, at its first use', async () => {
    const digest = await leak('AKIALEAKED');
    const masked = 'AKIA**AKED';
    const fingerprint = valueFingerprints(fingerprintKeyOf(fingerprintKey))!.of('AKIALEAKED');
    await startReplica();
    const event = {
      eventVersion: '1.10',
      userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/report', accessKeyId: masked },
      eventTime: new Date(Date.now() - 300_000).toISOString(), // cloud logs arrive late
      eventSource: 'sts.amazonaws.com',
      eventName: 'GetCallerIdentity',
      sourceIPAddress: '203.0.113.7',
    };
    const at = event.eventTime;
    const secrets = [{ rule: 'aws-access-key-id', masked, fingerprint }];
    await observe({ id: 'call', source: 'cloudtrail', sensor: 'aws', cluster: null, node: null, at, event, secrets });
    await until('an incident', async () => (await incidents()).length === 1);
    const [incident] = await incidents();
    expect(incident?.workloads).toMatchObject([{ cluster: 'eu1', workload: 'shop/Deployment/payment' }]);
    const [alert] = await alertsListed();
    expect(alert?.context).toMatchObject({ workload: 'shop/Deployment/payment', imageDigest: digest });
  });

  const campaign = `
title: Program on two nodes
correlation: { type: value_count, rules: [tool], group-by: [Process.Executable], timespan: 10m, condition: { field: Node, gte: 2 } }
level: high
---
title: Created, then run
correlation: { type: temporal_ordered, rules: [created, tool], group-by: [who], timespan: 10m, aliases: { who: { created: Request.User, tool: Process.Name } } }
level: high
---
title: Tool
name: tool
logsource: { product: linux, category: process_creation }
detection: { selection: { Image|startswith: /opt/ }, condition: selection }
---
title: Role made
name: created
logsource: { product: aws, service: cloudtrail }
detection: { selection: { eventName: CreateRole }, condition: selection }
`;

  /** An exec event of a pod of `shop/Deployment/NAME`. */
  function execInPod(name: string): RuntimeRecord {
    const record = exec('worker-1');
    const pod = { namespace: 'shop', name: `${name}-5d9c-x`, workload: name, workload_kind: 'Deployment' };
    Object.assign(record.event['process_exec']!['process' as never], { pod });
    return record;
  }

  it('orders the action of an automatic rule once for each object: tried first, and done once it is enforced', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(join(folder, 'key.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    // Hidden, so that the replicas of other tests do not read it as a rule.
    const file = join(folder, '.tidewaiter.yaml');
    environment['TIDEWAITER_CONFIG'] = file;
    const rule = (more: string) =>
      `containment: { signingKeyFile: key.pem, automatic: [ { name: probes, action: scale-to-zero, severity: medium, rules: ['Probe*'], namespaces: [shop]${more} } ] }\n`;
    const ordered = async () => {
      const request = { ...wholeList, sort: 'created' } as const;
      const { items } = await store.unlimited(async () => new Lists(store).page(containmentList, request));
      return items.map(({ subject, dryRun, author }) => `${author} ${subject.name} ${dryRun ? 'try' : 'do'}`);
    };
    await writeFile(file, rule(''));
    await startReplica();
    await observe(execInPod('web'), exec('worker-2'));
    await until('an order', async () => (await ordered()).length === 1);
    expect(await ordered()).toEqual(['policy:probes web try']);

    await replicas.splice(0)[0]!.stop();
    await writeFile(file, rule(', mode: enforce'));
    await startReplica();
    await observe(execInPod('web'), execInPod('api'));
    await until('an order that is not tried', async () => (await ordered()).length === 2);
    // The incident of before was tried: an order of the same rule does not follow by itself.
    expect(await ordered()).toEqual(['policy:probes api do', 'policy:probes web try']);
    const envelopes = await new ContainmentOrders(store).waitingFor('eu1');
    const keys = [readHubKey(hubKeyText(privateKey))];
    const orders = envelopes.map((envelope) => verifyOrder(envelope, { keys, cluster: 'eu1', now: Date.now() }));
    expect(orders).toMatchObject([
      { action: 'scale-to-zero', subject: { kind: 'Deployment', namespace: 'shop', name: 'web' }, dryRun: true },
      { action: 'scale-to-zero', subject: { kind: 'Deployment', namespace: 'shop', name: 'api' }, dryRun: false },
    ]);
  });

  it('goes on with the last good rules, and reports a wrong file soon and until it is right', async () => {
    const replica = await startReplica();
    const file = join(folder, 'rules.yml');
    const configuration = async () => {
      const answer = await fetch(`${replica.url}/readyz`);
      return [answer.status, ((await answer.json()) as { configuration: string }).configuration];
    };
    const reported = async () => {
      const rows = await store.query<{ code: string | null; message: string | null }>(
        'SELECT error_code AS code, error_message AS message FROM service_configuration ORDER BY seen_at DESC',
      );
      return rows[0] ?? null;
    };
    expect(await configuration()).toEqual([200, 'ok']);
    await writeFile(file, 'title: Probe runs\ndetection: {}\n');
    await until('/readyz reports it', async () => (await configuration())[1] === 'RULE_INVALID');
    await until('the console can show it', async () => (await reported())?.code === 'RULE_INVALID');
    expect((await reported())?.message).toContain('rules.yml:1');
    const metrics = await (await fetch(`${replica.url}/metrics`)).text();
    expect(metrics).toMatch(/tidewaiter_config_last_reload_successful\{[^}]*\} 0/);
    // A reload of the settings starts another application, which has the rules, too.
    await replica.reload();
    expect(await configuration()).toEqual([200, 'RULE_INVALID']);
    await observe(exec('worker-1'));
    await until('an alert', async () => (await alerted()).length === 1);
    await writeFile(file, shellRule('Other runs', 'other'));
    await until('the right file is in use', async () => (await configuration())[1] === 'ok');
    await observe(exec('worker-1', '/usr/bin/other'));
    await until('its alert', async () => (await alerted('Other runs')).length === 1);
    await until('the console shows it', async () => (await reported())?.code === null);
    // A folder that is gone, as between two mounts of a volume.
    await rename(folder, `${folder}-gone`);
    await until('/readyz reports the folder', async () => (await configuration())[1] === 'RULES_MISSING');
    expect(await configuration()).toEqual([200, 'RULES_MISSING']);
    await rename(`${folder}-gone`, folder);
    await until('the folder is back', async () => (await configuration())[1] === 'ok');
  });

  it('correlates events of several nodes and clouds once, across a restart', async () => {
    await writeFile(join(folder, 'rules.yml'), campaign);
    const first = await startReplica();
    const event = { eventSource: 'iam.amazonaws.com', eventName: 'CreateRole', userIdentity: { arn: 'agent' } };
    const at = new Date(Date.now() - 1_000).toISOString();
    const made: RuntimeRecord = {
      id: 'role',
      source: 'cloudtrail',
      sensor: 'aws',
      cluster: null,
      node: null,
      at,
      event,
    };
    await observe(made);
    // Late events count in the order of their arrival.
    await until('the cloud', async () => {
      const [sequence] = await store.query<{ isUsed: boolean }>(
        'SELECT is_called AS "isUsed" FROM detection_match_number_seq',
      );
      return sequence!.isUsed;
    });
    const one = exec('worker-1', '/opt/agent');
    await observe(exec('worker-2', '/usr/bin/other'), one);
    await until('the cloud and a node', async () => (await alerted('Created, then run')).length === 1);
    expect(await alerted('Program on two nodes')).toEqual([]);
    await first.stop();
    replicas = [];
    // The next replica restores the snapshot of the one that stopped.
    expect(await store.query('SELECT id FROM detection_match')).toEqual([]);
    await startReplica();
    const last = exec('worker-3', '/opt/agent');
    await observe(last);
    await until('both nodes', async () => (await alerted('Program on two nodes')).length === 1);
    const [found] = await alertsListed();
    expect(found).toMatchObject({ rule: { title: 'Program on two nodes' }, events: [one.id, last.id] });
    expect(await alerted('Created, then run')).toEqual(['role']);
    await until('an incident of it', async () => {
      const [alert] = await alertsListed();
      return alert?.incidentId !== null;
    });
  });

  it('distributes the partitions over replicas as they start and stop', async () => {
    await startReplica();
    await until('one has all', isSpread(1));
    const second = await startReplica();
    await until('two share', isSpread(2));
    await second.stop();
    replicas = replicas.filter((replica) => replica !== second);
    await until('one has all again', isSpread(1));
  });

  it('takes leases again that it holds without working under them', async () => {
    await startReplica();
    await until('all leases are held', isSpread(1));
    // As if it had taken each of them anew, and the answers had been lost.
    await store.query('UPDATE detector_lease SET token = token + 1');
    await observe(...nodes.map((node) => exec(node)));
    await until('all alerts', async () => (await alertsListed()).length === nodes.length);
    await until('all leases are held', isSpread(1));
  });

  it('loses and duplicates nothing when a partition moves under load', async () => {
    await startReplica();
    await until('one has all', isSpread(1));
    const sent: RuntimeRecord[] = [];
    const send = async (rounds: number) => {
      for (let round = 0; round < rounds; round += 1) {
        const records = nodes.map((node) => exec(node));
        sent.push(...records);
        await observe(...records);
      }
    };
    await send(3);
    const second = startReplica();
    await send(5);
    await second;
    await until('two share', isSpread(2));
    await send(3);
    await replicas[0]!.stop();
    replicas = replicas.slice(1);
    await send(3);
    await until('all are evaluated', async () => (await alerted()).length >= sent.length);
    await sleep(500);
    expect(await alerted()).toEqual(sent.map(({ id }) => id).toSorted());
  });

  it('evaluates a duplicated record once', async () => {
    await startReplica();
    const records = nodes.map((node) => exec(node));
    await observe(...records);
    await observe(...records);
    await until('all are evaluated', async () => (await alerted()).length === nodes.length);
    await sleep(500);
    expect(await alerted()).toEqual(records.map(({ id }) => id).toSorted());
  });

  it('saves an unreadable message as dead letter and continues', async () => {
    await startReplica();
    const place = partitionOf(exec('worker-1'));
    await publish(place, { sensor: 'tetragon-eu1', records: [{ id: 'x' }] });
    await publish(place, { sensor: 'tetragon-eu1', records: [{ ...exec('worker-1'), event: { process_exec: 7 } }] });
    const good = exec('worker-1');
    await observe(good);
    await until('the good one is evaluated', async () => (await alerted()).length === 1);
    expect(await alerted()).toEqual([good.id]);
    const deadLetters = (await new DeadLetters(store).list({ limit: 10 })).items;
    expect(deadLetters).toMatchObject([{ worker: 'detector', code: 'EVENT_MALFORMED' }]);
  });

  it('continues after outages of NATS and PostgreSQL', async () => {
    await startReplica();
    const sent: RuntimeRecord[] = [];
    const send = async () => {
      const records = nodes.map((node) => exec(node));
      sent.push(...records);
      await observe(...records);
    };
    await send();
    await servers.nats.kill();
    await servers.nats.restart();
    await send();
    await servers.postgres.kill();
    await send();
    await servers.postgres.restart();
    await send();
    await until('all are evaluated', async () => (await alerted().catch(() => [])).length >= sent.length);
    expect(await alerted()).toEqual(sent.map(({ id }) => id).toSorted());
  }, 90_000);

  it('continues at the start of a stream that was restored empty', async () => {
    await startReplica();
    const first = nodes.map((node) => exec(node));
    await observe(...first);
    await until('all are evaluated', async () => (await alerted()).length === first.length);
    await servers.nats.wipe();
    const later = nodes.map((node) => exec(node));
    await observe(...later);
    await until('all are evaluated', async () => (await alerted()).length >= 2 * nodes.length);
    expect(await alerted()).toEqual([...first, ...later].map(({ id }) => id).toSorted());
  }, 90_000);

  it('loads new rules without losing an event and rejects only the invalid ones', async () => {
    const { url } = await startReplica();
    const over = new AbortController();
    const sent: RuntimeRecord[] = [];
    const sending = (async () => {
      while (!over.signal.aborted) {
        const records = nodes.slice(0, 5).flatMap((node) => [exec(node), exec(node, '/usr/bin/tool')]);
        sent.push(...records);
        await observe(...records);
        await sleep(20);
      }
    })();
    await until('some are evaluated', async () => (await alerted()).length > 0);
    await writeFile(
      join(folder, 'rules.yml'),
      `${shellRule('Probe runs', 'probe')}---${shellRule('Tool runs', 'tool')}---\ntitle: Bad\nlogsource: {}\ndetection: { condition: nothing }\n`,
    );
    await until('the new rule is used', async () => (await alerted('Tool runs')).length > 0);
    over.abort();
    await sending;
    const probes = sent.filter((_, index) => index % 2 === 0).map(({ id }) => id);
    await until('all are evaluated', async () => (await alerted()).length >= probes.length);
    expect(await alerted()).toEqual(probes.toSorted());
    const refused = async () => {
      const { items } = await store.unlimited(async () =>
        new Lists(store).page(ruleList, {
          ...{ ...wholeList, sort: 'place' },
          where: { kind: 'condition', field: 'state', operator: '=', values: ['refused'] },
        }),
      );
      return items.map(({ rule }) => rule);
    };
    await until('the bad one is listed', async () => (await refused()).length > 0);
    expect(await refused()).toMatchObject([{ title: 'Bad', reason: expect.any(String) }]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^tidewaiter_detector_rules\{state="refused".*\} 1$/m);
  });

  it('restores its memory after a restart', async () => {
    const first = await startReplica();
    await observe(exec('worker-1', '/usr/bin/other'));
    const parent = exec('worker-1', '/usr/bin/parent');
    await observe(parent);
    await sleep(1_000);
    await first.stop();
    replicas = [];
    const [{ count } = { count: 0 }] = await store.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM detector_snapshot',
    );
    expect(count).toBeGreaterThan(0);
    await startReplica();
    const child = exec('worker-1');
    await observe(child);
    await until('it is evaluated', async () => (await alerted()).length === 1);
    expect(await alerted()).toEqual([child.id]);
  });
});
