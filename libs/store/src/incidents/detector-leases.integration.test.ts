import type { DetectionAlert, WideMatch } from '@tidewaiter/detection';
import { Secret } from '@tidewaiter/domain';
import { alertFields, parseQuery } from '@tidewaiter/query';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from '../core/data-source.js';
import { Lists } from '../core/lists.js';
import { Store } from '../core/store.js';
import { deleteExpired } from '../core/sweeper.js';
import { alertList } from './alert-list.js';
import { DetectionAlerts } from './detection-alerts.js';
import { DetectionMatches } from './detection-matches.js';
import { DetectorLeases } from './detector-leases.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let leases: DetectorLeases;
let alerts: DetectionAlerts;

const [one, other] = [uuidv7(), uuidv7()];
const longMs = 60_000;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  leases = new DetectorLeases(store);
  alerts = new DetectionAlerts(store);
  await leases.define(['a', 'b']);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop(), 20_000);

const expire = async () => store.query(`UPDATE detector_lease SET held_until = now() - interval '1 second'`);

describe('DetectorLeases', () => {
  it('is held by one replica at a time', async () => {
    const takers = await Promise.all([one, other, one].map(async (replica) => leases.take('a', replica, longMs)));
    expect(takers.filter((lease) => lease !== null)).toHaveLength(1);
  });

  it('is free after a release and after the death of its holder', async () => {
    const first = await leases.take('a', one, longMs);
    expect(await leases.renew(other, longMs, [])).toEqual({ replicas: 1, mine: [], free: ['b'] });
    await leases.release(first!);
    expect(await leases.take('a', other, longMs)).toMatchObject({ crashes: 0 });
    await expire();
    const held = (await leases.take('a', one, longMs))!;
    expect(held).toMatchObject({ crashes: 1 });
    expect(await leases.renew(one, longMs, [held])).toEqual({ replicas: 2, mine: ['a'], free: ['b'] });
    await leases.leave(other);
    expect(await leases.renew(one, longMs, [held])).toMatchObject({ replicas: 1 });
  });

  it('is free when its holder does not know of it', async () => {
    const crashed = (await leases.take('a', other, longMs))!;
    await leases.attempt(crashed, 7, 1);
    await expire();
    // Their answers are lost.
    await leases.take('a', one, longMs);
    const known = (await leases.take('b', one, longMs))!;
    expect(await leases.renew(one, longMs, [known])).toMatchObject({ mine: ['b'], free: ['a'] });
    // It evaluated nothing: the message of the crash stays known.
    expect(await leases.take('a', other, longMs)).toMatchObject({ crashes: 1, attempting: 7, attempts: 1 });
  });

  it('rejects writes of a former holder', async () => {
    const former = (await leases.take('a', one, longMs))!;
    await store.transaction(async (tx) => leases.hold(tx, former));
    await expire();
    // The expired lease was not taken, so no work was done twice.
    await store.transaction(async (tx) => leases.hold(tx, former));
    const holder = (await leases.take('a', other, longMs))!;
    const snapshot = { format: 'x', life: null, position: 1, state: Buffer.from('former') };
    for (const work of [
      async () => store.transaction(async (tx) => leases.hold(tx, former)),
      async () => store.transaction(async (tx) => leases.keep(tx, former, snapshot)),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    }
    await leases.release(former);
    await store.transaction(async (tx) => leases.hold(tx, holder));
    expect(await leases.snapshot('a')).toBeNull();
  });

  it('rejects writes of a holder that remembers more than a restored database', async () => {
    const lease = (await leases.take('a', one, longMs))!;
    const step = async (commits: number) => store.transaction(async (tx) => leases.holdInStep(tx, lease, commits));
    const copied = await step(await leases.commits('a'));
    const newest = await step(copied);
    await store.query('UPDATE detector_lease SET commits = $1', [copied]);
    await expect(step(newest)).rejects.toMatchObject({ code: 'MEMORY_OUTDATED' });
    expect(await leases.commits('a')).toBe(copied);
    expect(await step(copied)).toBe(newest);
    await expire();
    await leases.take('a', other, longMs);
    await expect(step(newest)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  it('is free when a restored database lacks commits of its holder', async () => {
    const lease = (await leases.take('a', one, longMs))!;
    const commit = async () => store.transaction(async (tx) => leases.hold(tx, lease));
    // The answer to the first commit was lost.
    await commit();
    lease.commits = await commit();
    expect(await leases.renew(one, longMs, [lease])).toMatchObject({ mine: ['a'] });
    await store.query('UPDATE detector_lease SET commits = commits - 1');
    await expect(commit()).rejects.toMatchObject({ code: 'MEMORY_OUTDATED' });
    expect(await leases.renew(one, longMs, [lease])).toMatchObject({ mine: [], free: ['a', 'b'] });
  });

  it('keeps the last snapshot and the crashes since', async () => {
    const lease = (await leases.take('a', one, longMs))!;
    await leases.attempt(lease, 41, 2);
    await expire();
    const next = (await leases.take('a', other, longMs))!;
    expect(next).toMatchObject({ crashes: 1, attempting: 41, attempts: 2 });
    for (const position of [42, 43]) {
      const state = Buffer.from(`memory ${position}`);
      await store.transaction(async (tx) => leases.keep(tx, next, { format: 'x', life: 'one', position, state }));
    }
    expect(await leases.snapshot('a')).toEqual({
      format: 'x',
      life: 'one',
      position: 43,
      state: Buffer.from('memory 43'),
    });
    await expire();
    expect(await leases.take('a', one, longMs)).toMatchObject({ crashes: 1, attempting: null });
  });
});

describe('DetectionAlerts', () => {
  const alert = (id: string, severity = 'high') =>
    ({ id, severity, rule: { title: `Rule of ${id}` }, events: [`e-${id}`] }) as unknown as DetectionAlert;
  const add = async (...some: DetectionAlert[]) => store.transaction(async (tx) => alerts.add(tx, some));
  const ids = (some: readonly { id: string }[]) => some.map(({ id }) => id);

  it('are stored once', async () => {
    expect(await add(alert('a'), alert('b'))).toBe(2);
    expect(await add(alert('b'), alert('c'))).toBe(1);
    expect(ids(await alerts.waiting(10))).toEqual(['a', 'b', 'c']);
  });

  const listed = async (query: string, page: { limit: number; after?: string }) =>
    store.unlimited(async () =>
      new Lists(store).page(alertList, {
        ...{ where: parseQuery(query, alertFields, new Date()), sort: 'number', isDescending: true },
        ...page,
      }),
    );

  it('wait until a turn takes them, and are replayed turn by turn', async () => {
    await add(alert('a'), alert('b'), alert('c'), alert('d'));
    for (const [turn, taken] of [
      [100, ['a', 'c']],
      [200, ['b']],
    ] as const) {
      await store.transaction(async (tx) => alerts.taken(tx, turn, taken));
    }
    expect(ids(await alerts.waiting(10))).toEqual(['d']);
    const takenAfter = async (turn: number, limit: number) =>
      (await alerts.takenAfter(turn, limit)).map(({ turn: number, alerts: some }) => [number, ids(some)]);
    expect(await takenAfter(0, 10)).toEqual([
      [100, ['a', 'c']],
      [200, ['b']],
    ]);
    // A turn is returned as a whole, whatever the limit.
    expect(await takenAfter(0, 1)).toEqual([[100, ['a', 'c']]]);
    expect(await takenAfter(100, 10)).toEqual([[200, ['b']]]);
    expect(await takenAfter(200, 10)).toEqual([]);
  });

  it('are listed newest first, in pages, and by severity', async () => {
    await add(alert('a'), alert('b', 'low'), alert('c'));
    const first = await listed('', { limit: 2 });
    expect(ids(first.items.map((row) => row.alert))).toEqual(['c', 'b']);
    const second = await listed('', { limit: 2, after: first.next! });
    expect(second).toMatchObject({ items: [{ alert: { id: 'a', events: ['e-a'] }, incidentId: null }], next: null });
    const high = await listed('severity>=high -joined rule=*', { limit: 9 });
    expect(ids(high.items.map((row) => row.alert))).toEqual(['c', 'a']);
  });

  it('are deleted when they are old and taken', async () => {
    await add(alert('a'), alert('b'));
    await store.transaction(async (tx) => alerts.taken(tx, 1, ['a']));
    await store.query(`UPDATE detection_alert SET created_at = now() - interval '31 days'`);
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect(ids((await listed('', { limit: 9 })).items.map((row) => row.alert))).toEqual(['b']);
    expect(ids(await alerts.waiting(10))).toEqual(['b']);
  });
});

describe('DetectionMatches', () => {
  const match = (id: string) => ({ id, rules: [`of ${id}`] }) as unknown as WideMatch;
  const ids = (some: readonly { id: string }[]) => some.map(({ id }) => id);

  it('are stored once, taken turn by turn, and deleted with a snapshot', async () => {
    const matches = new DetectionMatches(store);
    const add = async (...some: WideMatch[]) => store.transaction(async (tx) => matches.add(tx, some));
    expect(await add(match('a'), match('b'), match('c'))).toBe(true);
    expect(await add(match('b'), match('d'))).toBe(true);
    await store.transaction(async (tx) => {
      await matches.taken(tx, 100, ['a', 'c']);
      await matches.taken(tx, 200, ['b']);
    });
    expect(ids(await matches.waiting(10))).toEqual(['d']);
    const takenAfter = async (turn: number, limit: number) =>
      (await matches.takenAfter(turn, limit)).map(({ turn: number, matches: some }) => [number, ids(some)]);
    expect(await takenAfter(0, 1)).toEqual([[100, ['a', 'c']]]);
    await store.transaction(async (tx) => matches.forget(tx, 100));
    expect(await takenAfter(0, 10)).toEqual([[200, ['b']]]);
    expect(ids(await matches.waiting(10))).toEqual(['d']);
  });

  it('are not added above the limit', async () => {
    const matches = new DetectionMatches(store);
    const add = async (id: string) => store.transaction(async (tx) => matches.add(tx, [match(id)]));
    await add('a');
    await store.query(`SELECT setval('detection_match_number_seq', 2000000)`);
    expect([await add('b'), await add('c')]).toEqual([true, false]);
  });
});
