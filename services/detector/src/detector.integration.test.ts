import { countBySeverity, Secret, type RuntimeContainer, type RuntimeEvent } from '@tidewaiter/domain';
import { draft, incidentOpened, incidentUpdated, runtimeObserved } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Images, Incidents, type ListedIncident, Pushes, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { start } from './main.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const mediaType = 'application/vnd.oci.image.manifest.v1+json';

const checkout: RuntimeContainer = {
  id: '3f9c1a2b4d5e',
  name: 'checkout',
  imageRepository: '127.0.0.1:5000/payments/checkout',
  imageTag: '1.4.0',
  imageDigest: null,
};

let serial = 0;

const shell = (event: Partial<RuntimeEvent> = {}): RuntimeEvent => {
  serial += 1;
  return {
    id: `e${serial}`,
    source: 'falco',
    sensor: 'falco-eu1',
    cluster: 'eu1',
    at: `2026-11-25T10:42:07.${String(serial).padStart(9, '0')}Z`,
    rule: 'Terminal shell in container',
    priority: 'warning',
    output: 'A shell was spawned in a container',
    tags: [],
    host: 'worker-1',
    container: checkout,
    kubernetes: { namespace: 'payments', pod: 'checkout-7d4b9' },
    process: null,
    ...event,
  };
};

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let replicas: RunningService[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
});

beforeEach(async () => {
  const url = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'ingest');
  const environment = {
    TIDEWAITER_DATABASE_URL: url,
    // The least there may be: handlers that wait for each other's connections would show.
    TIDEWAITER_DATABASE_POOL: '2',
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  };
  replicas = await Promise.all([start(environment), start(environment)]);
});

afterEach(async () => {
  await Promise.all(replicas.map(async (replica) => replica.stop()));
  await dataSource.destroy();
});

afterAll(async () => servers.stop(), 30_000);

const until = async (condition: () => Promise<boolean>) => {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const handled = async () => (await store.query('SELECT event_id FROM inbox')).length;

/** Tells of batches as ingest does, and waits until the detector has handled them all. */
const observe = async (...batches: RuntimeEvent[][]) => {
  const expected = (await handled()) + batches.length;
  const drafts = batches.map((events) => draft(runtimeObserved, 'falco-eu1', { sensor: 'falco-eu1', events }));
  await store.transaction(async (tx) => tx.emit(...drafts));
  await until(async () => (await handled()) === expected);
};

/** Leaves what a push leaves that the scanner has analysed. */
const push = async (registryHost: string, repository: string, tag: string, digest: string, imageDigest = digest) => {
  const pushes = new Pushes(store);
  const place = { connection: 'main', repository };
  const image = { digest: imageDigest, mediaType, configDigest: digestOf('0'), platform: 'linux/amd64' };
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const verdict = { verdict: 'pass', counts: countBySeverity([]), warnings: [] } as const;
  const [id = ''] = await store.transaction(async (tx) => pushes.add(tx, [{ ...place, ...about, tag }]));
  const added = (await pushes.get(id))!;
  await store.transaction(async (tx) => {
    await new Images(store).add(tx, [
      { ...image, createdAt: null, baseCreatedAt: null, user: null, labels: {}, layers: [], findings: [] },
    ]);
    await pushes.resolved(tx, added, { digest, mediaType, registryHost, imageDigests: [imageDigest] });
    await pushes.analyzed(tx, id, verdict);
  });
};

const incidents = async (): Promise<ListedIncident[]> => (await new Incidents(store).list({ limit: 100 })).items;

const told = async () =>
  store.query<{ type: string; data: { incidentId: string; revision: number; severity: string } }>(
    `SELECT type, data FROM outbox WHERE source = '/tidewaiter/detector' ORDER BY id`,
  );

/** A counter of the detector over all replicas, by result. */
const counter = async (name: string) => {
  const totals: Record<string, number> = {};
  for (const { url } of replicas) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const [, result = '', value] of text.matchAll(
      new RegExp(`^${name}\\{.*?result="([^"]+)".*\\} (\\d+)$`, 'gm'),
    )) {
      totals[result] = (totals[result] ?? 0) + Number(value);
    }
  }
  return totals;
};

/** What became of the events, once that many are counted: counting follows the commit. */
const counted = async (events: number) => {
  const read = async () => counter('tidewaiter_detector_events_total');
  await until(async () => Object.values(await read()).reduce((sum, value) => sum + value, 0) === events);
  return read();
};

it('opens one incident, counts what repeats it, and tells of it once', async () => {
  await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
  const first = shell();
  await observe([first]);
  await observe([shell(), shell()]);
  const [incident, ...others] = await incidents();
  expect(others).toEqual([]);
  expect(incident).toMatchObject({
    rules: [{ title: 'Terminal shell in container' }],
    title: 'Terminal shell in container: 127.0.0.1:5000/payments/checkout:1.4.0 in namespace payments',
    severity: 'medium',
    state: 'open',
    count: 3,
    revision: 1,
    imageDigest: digestOf('a'),
    namespace: 'payments',
    cluster: 'eu1',
    openedBy: first.id,
    firstSeen: first.at,
  });
  expect(await told()).toEqual([
    { type: incidentOpened.type, data: { incidentId: incident?.id, revision: 1, severity: 'medium' } },
  ]);
  expect(await counted(3)).toEqual({ opened: 1, quiet: 2, 'below-threshold': 0 });
});

it('tells again when an incident becomes worse, and of one batch once', async () => {
  await observe([shell(), shell()]);
  await observe([shell({ priority: 'error' }), shell({ priority: 'critical' }), shell({ priority: 'warning' })]);
  const [incident] = await incidents();
  expect(incident).toMatchObject({ severity: 'critical', count: 5, revision: 2 });
  expect(await told()).toEqual([
    { type: incidentOpened.type, data: { incidentId: incident?.id, revision: 1, severity: 'medium' } },
    { type: incidentUpdated.type, data: { incidentId: incident?.id, revision: 2, severity: 'critical' } },
  ]);
  expect(await counted(5)).toEqual({ opened: 1, quiet: 3, worsened: 1, 'below-threshold': 0 });
});

it('leaves what is below warning alone, but counts it', async () => {
  await observe([shell({ priority: 'notice' }), shell({ priority: 'debug' })]);
  expect([await incidents(), await told()]).toEqual([[], []]);
  expect(await counted(2)).toEqual({ 'below-threshold': 2 });
});

it('keeps rules, images, namespaces and hosts apart', async () => {
  await observe([
    shell(),
    shell({ rule: 'Packet socket created' }),
    shell({ container: { ...checkout, imageTag: '1.5.0' } }),
    shell({ kubernetes: { namespace: 'staging', pod: null } }),
    shell({ container: null, kubernetes: null }),
  ]);
  const found = await incidents();
  expect(found.map(({ title }) => title).toSorted()).toEqual([
    'Packet socket created: 127.0.0.1:5000/payments/checkout:1.4.0 in namespace payments',
    'Terminal shell in container: 127.0.0.1:5000/payments/checkout:1.4.0 in namespace payments',
    'Terminal shell in container: 127.0.0.1:5000/payments/checkout:1.4.0 in namespace staging',
    'Terminal shell in container: 127.0.0.1:5000/payments/checkout:1.5.0 in namespace payments',
    'Terminal shell in container: host worker-1',
  ]);
  expect(found.map(({ imageDigest }) => imageDigest)).toEqual([null, null, null, null, null]);
  expect(found.find(({ title }) => title.endsWith('host worker-1'))).toMatchObject({
    image: null,
    namespace: null,
  });
});

describe('the image of a container', () => {
  const joined = async (container: Partial<RuntimeContainer>) => {
    await observe([shell({ container: { ...checkout, ...container } })]);
    return (await incidents()).map(({ imageDigest }) => imageDigest);
  };

  it('is the one that its tag pointed to last', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('b'));
    expect(await joined({})).toEqual([digestOf('b')]);
  });

  it('is the digest that the sensor gives, not the one that the tag points to now', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('b'));
    expect(await joined({ imageDigest: digestOf('a') })).toEqual([digestOf('a')]);
  });

  it('may be one image of an index', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'), digestOf('c'));
    expect(await joined({ imageDigest: digestOf('c') })).toEqual([digestOf('c')]);
  });

  it('is unknown where the sensor gives a digest that we do not hold', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    expect(await joined({ imageDigest: digestOf('d') })).toEqual([null]);
  });

  it('is found under another name of the only registry that has it', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    expect(await joined({ imageRepository: 'localhost:5000/payments/checkout' })).toEqual([digestOf('a')]);
  });

  it('is unknown where it is Docker Hub’s, whoever else has a repository of that name', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    expect(await joined({ imageRepository: 'payments/checkout' })).toEqual([null]);
  });

  it('may be pushed anew while an incident is open, which stays the only one', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    await joined({});
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('b'));
    expect(await joined({})).toEqual([digestOf('a')]);
  });

  it('is unknown under another name when two registries have it', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    await push('registry.example', 'payments/checkout', '1.4.0', digestOf('b'));
    expect(await joined({ imageRepository: 'localhost:5000/payments/checkout' })).toEqual([null]);
  });

  it('is not taken from another registry when the named one is known', async () => {
    await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
    await push('registry.example', 'payments/gateway', '1.4.0', digestOf('b'));
    expect(await joined({ imageRepository: 'registry.example/payments/checkout' })).toEqual([null]);
  });
});

it('shares a flood among replicas and loses and doubles nothing', async () => {
  await push('127.0.0.1:5000', 'payments/checkout', '1.4.0', digestOf('a'));
  const rules = ['Terminal shell in container', 'Packet socket created', 'Write below root', 'Read sensitive file'];
  // Every other batch is turned round: replicas that locked in the order of the batch would wait for each other in a circle.
  const batches = Array.from({ length: 60 }, (_, index) => {
    const events = rules.map((rule) => shell({ rule }));
    return index % 2 === 0 ? events : events.toReversed();
  });
  await observe(...batches);
  const found = await incidents();
  expect(new Map(found.map(({ rules: [rule], count, revision }) => [rule?.title, { count, revision }]))).toEqual(
    new Map(rules.map((rule) => [rule, { count: 60, revision: 1 }])),
  );
  expect(found).toHaveLength(rules.length);
  expect((await told()).map(({ type }) => type)).toEqual(rules.map(() => incidentOpened.type));
  expect(await counted(240)).toEqual({ opened: 4, quiet: 236, 'below-threshold': 0 });
  // A deadlock would end in a retry.
  expect(await counter('tidewaiter_bus_messages_total')).toEqual({ handled: 60 });
});

it('takes hostile text', async () => {
  const long = '\u{1f6a2}\u202e'.repeat(170);
  await observe([
    shell({ rule: long, container: { ...checkout, imageRepository: `${long}/${long}`, imageTag: long } }),
    shell({ rule: '"; DROP TABLE incident; --' }),
  ]);
  expect((await incidents()).map(({ rules: [rule] }) => rule?.title).toSorted()).toEqual([
    '"; DROP TABLE incident; --',
    long,
  ]);
});
