import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { jetstreamManager } from '@nats-io/jetstream';
import { Bus } from '@tidewaiter/bus';
import { Detector, IncidentBuilder } from '@tidewaiter/detection';
import { DetectorConfig, DetectorModule } from '@tidewaiter/detector';
import { type Digest, type Incident, type JsonObject, type RuntimeRecord, Secret } from '@tidewaiter/domain';
import { factContext, type FactsFile, factsFromFile } from '@tidewaiter/facts';
import { start as startIngest } from '@tidewaiter/ingest';
import { readRuleFiles, shippedRules } from '@tidewaiter/rule-files';
import { parseSettings, type RunningService, startService } from '@tidewaiter/runtime';
import { fingerprintKeyOf, valueFingerprints } from '@tidewaiter/secrets';
import { sensorOf } from '@tidewaiter/sensors';
import { type LoadedRules, loadRules } from '@tidewaiter/sigma';
import { connect, ImageFactsOf, incidentList, Store, WorkloadLedger } from '@tidewaiter/store';
import { listed, reportMissing, sharedData, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { ContainerLedger, type ContainerView, type WorkloadView, parseWorkloadKey } from '@tidewaiter/workloads';

// Each storyline takes seconds of real time, because live correlations close by the clock. A few
// run by default, and all of both shared folders and of our own with TIDEWAITER_ALL_STORYLINES=1
// (five to ten minutes).
const isFullRun = env.TIDEWAITER_ALL_STORYLINES === '1';
const chosen = new Set([
  'token-theft',
  'release-phones-home',
  'unpacked-helper',
  'a01-exposed-api-cryptominer',
  'a06-leaked-cloud-key',
]);

const ours = join(__dirname, '../../../libs/detection/testdata');
const shared = [sharedData('detection/storylines'), sharedData('detection/storylines-2')];

interface Line {
  at: string;
  source: string;
  event: JsonObject;
}

interface Storyline {
  name: string;
  lines: Line[];
  facts: JsonObject;
}

const storylines = [ours, ...shared.filter(({ isThere }) => isThere).map(({ path }) => path)].flatMap((folder) =>
  readdirSync(folder)
    .flatMap((file) => /^(.+)\.expected\.json$/.exec(file)?.[1] ?? [])
    .filter((name) => isFullRun || chosen.has(name))
    .toSorted()
    .map((name) => readStoryline(folder, name)),
);

/** A storyline as of now: all its times, and those of its facts, are moved together. */
function readStoryline(folder: string, name: string): Storyline {
  const text = readFileSync(join(folder, `${name}.jsonl`), 'utf8');
  const times = text
    .split('\n')
    .filter(Boolean)
    .map((line) => Date.parse((JSON.parse(line) as Line).at));
  const byMs = Date.now() - Math.max(...times);
  const move = (json: string) =>
    json.replaceAll(
      /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z/g,
      (_, seconds: string, fraction = '') =>
        `${new Date(Date.parse(`${seconds}Z`) + byMs).toISOString().slice(0, 19)}${fraction}Z`,
    );
  const lines = move(text)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
  return {
    name,
    lines,
    facts: JSON.parse(move(readFileSync(join(folder, `${name}.facts.json`), 'utf8'))) as JsonObject,
  };
}

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let bus: Bus;
let ingest: RunningService;
let rules: LoadedRules;
let environment: Record<string, string>;

const fingerprintKey = 'the key of the test';
const key = fingerprintKeyOf(fingerprintKey);

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-live-'));
  const connections = storylines.flatMap(({ name, lines, facts }) =>
    [...new Set(lines.map(({ source }) => sensorOf(source)!.source))].map((kind) =>
      JSON.stringify({
        name: `${name}-${kind}`,
        kind,
        cluster: facts['cluster'],
        token: 't0ken',
        silentAfter: 'never',
      }),
    ),
  );
  await writeFile(join(folder, 'tidewaiter.yaml'), `sensors:\n${connections.map((each) => `  - ${each}\n`).join('')}`);
  environment = {
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    TIDEWAITER_DATABASE_POOL: '4',
    TIDEWAITER_FINGERPRINT_KEY: fingerprintKey,
  };
  ingest = await startIngest({ ...environment, TIDEWAITER_DATABASE_URL: await servers.postgres.createDatabase() });
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
  rules = loadRules(await readRuleFiles([shippedRules]));
});

afterAll(async () => {
  await bus.onApplicationShutdown();
  await ingest.stop();
  await servers.stop();
  await rm(folder, { recursive: true });
}, 60_000);

describe('live operation', () => {
  reportMissing(...shared);

  it.each(storylines)('makes the incidents of $name that `replay` makes', async (storyline) => {
    const known = factsFromFile(storyline.facts);
    const wanted = replayed(storyline, known);
    const { incidents, stop } = await startDetector(storyline, known);
    try {
      await post(storyline);
      let live = await incidents();
      // Windows of correlations over all partitions close late: what is equal once must stay so.
      for (let equalSince = 0, began = Date.now(); Date.now() - began < 25_000; live = await incidents()) {
        const isEqual = JSON.stringify(live) === JSON.stringify(wanted);
        equalSince = isEqual ? equalSince || Date.now() : 0;
        if (equalSince !== 0 && Date.now() - equalSince > 3_000) break;
        await sleep(250);
      }
      expect(live).toEqual(wanted);
    } finally {
      await stop();
    }
  });
});

/** Posts what the sensors sent in the order of its times, each run of one sensor in one request. */
async function post({ name, lines }: Storyline): Promise<void> {
  for (let index = 0; index < lines.length;) {
    const { source } = lines[index]!;
    const run = lines.slice(index).findIndex((line) => line.source !== source);
    const batch = lines.slice(index, run < 0 ? undefined : index + run);
    index += batch.length;
    const body = batch.map(({ event }) => JSON.stringify(event)).join('\n');
    const url = `${ingest.url}/hooks/runtime/${name}-${sensorOf(source)!.source}`;
    const answer = await fetch(url, { method: 'POST', body, headers: { authorization: 'Bearer t0ken' } });
    expect(answer.status).toBe(202);
  }
}

/** Incidents of `tidewaiter replay` for the same records. */
function replayed({ lines }: Storyline, known: FactsFile) {
  const ledger = new ContainerLedger();
  const facts = factContext({ ...known, lookup: ledger });
  const detector = new Detector({ ...rules, facts, ledger, allowedLatenessMs: 5_000 });
  const builder = new IncidentBuilder();
  const records = lines.flatMap(({ source, event }): RuntimeRecord[] => {
    const connection = {
      sensor: 'test',
      cluster: known.cluster,
      receivedAt: new Date().toISOString(),
      fingerprintKey: key,
    };
    return sensorOf(source)!.read(Buffer.from(JSON.stringify(event)), connection).records;
  });
  for (const record of records) for (const alert of detector.observe(record)) builder.add(alert);
  for (const alert of detector.advance(Date.now() + 60_000)) builder.add(alert);
  builder.settle();
  return summarized(builder.incidents().filter(({ state }) => state !== 'merged'));
}

function summarized(
  incidents: readonly Pick<
    Incident,
    'title' | 'severity' | 'workload' | 'imageDigest' | 'findings' | 'techniques' | 'steps'
  >[],
) {
  return incidents
    .map(({ title, severity, workload, imageDigest, findings, techniques, steps }) => ({
      ...{ title, severity, workload, imageDigest },
      findings: findings.toSorted(),
      techniques: techniques.toSorted(),
      events: steps.flatMap((step) => step.events).toSorted(),
    }))
    .toSorted((a, b) => (a.title < b.title ? -1 : 1));
}

/**
 * A detector on an empty stream and database, to which what the scanner knows is what the storyline
 * says.
 */
async function startDetector(storyline: Storyline, known: FactsFile) {
  await (await jetstreamManager(bus.connection)).streams.purge('TIDEWAITER_RUNTIME');
  const url = await servers.postgres.createDatabase();
  const dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  const store = new Store(dataSource, 'test');
  await keepWorkloads(store, storyline, known);
  const config = new DetectorConfig({ ...environment, TIDEWAITER_DATABASE_URL: url });
  const module = DetectorModule.forRoot(
    config,
    Object.assign(
      parseSettings('', () => ''),
      { runtime: known.policy },
    ),
  );
  const imageFacts = { provide: ImageFactsOf, useValue: imageFactsOf(known) };
  const detector = await startService({
    name: 'detector',
    module: { ...module, providers: [...(module.providers ?? []), imageFacts] },
    config,
  });
  return {
    incidents: async () => {
      return summarized(await listed(store, incidentList, 'number'));
    },
    stop: async () => {
      await detector.stop();
      await dataSource.destroy();
    },
  };
}

function imageFactsOf({ facts }: FactsFile): Pick<ImageFactsOf, 'load' | 'withSecret'> {
  const fingerprints = valueFingerprints(key)!;
  return {
    load: async (digest: Digest) => {
      const image = facts.image(digest);
      return image && { facts: image, bytes: 1_000 };
    },
    withSecret: async (fingerprint: string) => {
      const keys = storylines.flatMap(({ lines }) => JSON.stringify(lines).match(/\bA[KS]IA[A-Z0-9]{4,32}\b/g) ?? []);
      const id = keys.find((each) => fingerprints.of(each) === fingerprint);
      return id === undefined ? null : facts.secretOfKey({ id, fingerprint });
    },
  };
}

/** Stores the workloads that a watch would have reported long before. */
async function keepWorkloads(store: Store, storyline: Storyline, known: FactsFile): Promise<void> {
  const ledger = new WorkloadLedger(store);
  const nowMs = Date.now();
  const workloads = storyWorkloads(storyline, known);
  const containers = workloads.flatMap(({ imageDigests, ...ref }, index) =>
    imageDigests.map((digest, nth): ContainerView => ({
      id: `${index}${nth}`.padStart(12, 'f').padEnd(64, '0'),
      ...{
        name: 'app',
        kind: null,
        cluster: ref.cluster,
        node: null,
        podUid: null,
        serviceAccount: ref.serviceAccount,
      },
      pod: { cluster: ref.cluster, namespace: ref.namespace, name: `${ref.name}-watched-${nth}` },
      workload: { cluster: ref.cluster, namespace: ref.namespace, kind: ref.kind, name: ref.name },
      ...{ digest, claimedDigests: [digest], repository: null, tag: null, privileged: ref.privileged, overrides: null },
      ...{ startedAtMs: nowMs - 86_400_000, endedAtMs: null, firstSeenMs: nowMs - 86_400_000, lastSeenMs: nowMs },
    })),
  );
  await store.transaction(async (tx) => {
    await ledger.put(tx, containers);
    await ledger.putWorkloads(tx, workloads);
  });
}

function storyWorkloads({ facts: json }: Storyline, { cluster, facts }: FactsFile): WorkloadView[] {
  return Object.keys(json['workloads'] ?? {}).flatMap((key) => {
    const parsed = parseWorkloadKey(key);
    const workload = parsed && facts.workload({ ...parsed, cluster });
    return workload ? [{ ...workload, probes: [], replicas: workload.replicas ?? 1 }] : [];
  });
}
