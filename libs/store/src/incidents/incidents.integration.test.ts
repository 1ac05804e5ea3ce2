import { type Incident, type IncidentChange, Secret } from '@tidewaiter/domain';
import { parseQuery, incidentFields } from '@tidewaiter/query';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Lists } from '../core/lists.js';
import { Store } from '../core/store.js';
import { incidentList } from './incident-list.js';
import { IncidentTriage } from './incident-triage.js';
import { type AppliedChanges, Incidents } from './incidents.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let incidents: Incidents;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
  incidents = new Incidents(store);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const triage = new IncidentTriage();
const first = minerIncident({ steps: minerIncident().steps.slice(0, 1), severity: 'medium' });
const change = (more: Partial<Incident>, kind: IncidentChange['kind'] = 'updated'): IncidentChange => ({
  kind,
  incident: { ...first, ...more },
});
const apply = async (...changes: IncidentChange[]) => store.transaction((tx) => incidents.apply(tx, changes));
const did = (applied: AppliedChanges) => Object.entries(applied).flatMap(([kind, times]) => (times > 0 ? [kind] : []));
const resolve = async (by: string) => store.transaction((tx) => triage.resolve(tx, first.id, by));
const page = async (q: string, limit: number, after?: string) => {
  const where = parseQuery(q, incidentFields, new Date());
  const request = { where, sort: 'number', isDescending: true, limit, after } as const;
  return store.unlimited(async () => new Lists(store).page(incidentList, request));
};
const listed = async (q = '') => (await page(q, 10)).items;
const emitted = async () =>
  store.query<{ type: string; revision: number }>(
    `SELECT type, (data ->> 'revision')::int AS revision FROM outbox ORDER BY id`,
  );

describe('Incidents', () => {
  it('stores an incident unchanged', async () => {
    await apply(change({}, 'opened'));
    const { revision, evidence, ...story } = first;
    expect(await incidents.get(first.id)).toEqual({
      ...story,
      evidence,
      number: 1,
      revision,
      openedAt: expect.any(Date),
      updatedAt: expect.any(Date),
      resolvedAt: null,
      resolvedBy: null,
      resolution: null,
      assignee: null,
      acknowledgedBy: null,
      acknowledgedAt: null,
      snoozedUntil: null,
    });
    const brief = {
      ...(await incidents.get(first.id))!,
      evidence: evidence.map((each) => ({ ...each, record: null })),
    };
    expect(await incidents.getWithoutRecords([first.id, uuidOf('unknown')])).toEqual([brief]);
    const items = await listed();
    expect(items).toMatchObject([{ id: first.id, steps: first.steps }]);
    expect(items[0]).not.toHaveProperty('evidence');
  });

  it('emits news once, and stores other changes without an event', async () => {
    const steps = minerIncident().steps;
    const story = [
      [change({}, 'opened'), 'opened'],
      [change({}, 'opened'), 'stale'],
      [change({ revision: 2, count: 7 }), 'quiet'],
      [change({ revision: 4, steps }), 'updated'],
      [change({ revision: 3, severity: 'critical' }), 'stale'],
      [change({ revision: 5, steps, severity: 'critical' }), 'worsened'],
      [change({ revision: 6, steps, severity: 'critical', state: 'resolved' }, 'resolved'), 'resolved'],
      [change({ revision: 7, steps, severity: 'critical' }), 'reopened'],
    ] as const;
    for (const [each, kind] of story) expect(did(await apply(each))).toEqual([kind]);
    expect(await incidents.get(first.id)).toMatchObject({ revision: 5, count: 3, severity: 'critical', state: 'open' });
    const revisions = await incidents.revisions(first.id);
    expect(revisions.map(({ revision, kind, news }) => [revision, kind, news])).toEqual([
      [1, 'opened', ['Dropped program started (T1059)']],
      [2, 'updated', ['Connection to mining pool (T1496.001)']],
      [3, 'worsened', ['Severity rose from medium to critical']],
      [4, 'resolved', ['No further activity']],
      [5, 'reopened', []],
    ]);
    expect((await emitted()).map(({ type, revision }) => `${type.split('.')[3]} ${revision}`)).toEqual([
      'opened 1',
      'updated 2',
      'updated 3',
      'resolved 4',
      'updated 5',
    ]);
  });

  it('applies the last state of each incident of a batch', async () => {
    const other = minerIncident({ id: uuidOf('other'), revision: 3 });
    expect(
      did(await apply(change({}, 'opened'), { kind: 'updated', incident: other }, change({ revision: 2, count: 9 }))),
    ).toEqual(['opened']);
    expect(await incidents.get(first.id)).toMatchObject({ count: 9 });
    expect(await emitted()).toHaveLength(2);
  });

  it('opens an incident once for several replicas', async () => {
    const all = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => apply(change({ revision: index + 1, count: index }))),
    );
    expect(all.filter(({ opened }) => opened === 1)).toHaveLength(1);
    expect(await incidents.get(first.id)).toMatchObject({ count: 5 });
    expect(await emitted()).toHaveLength(1);
  });

  describe('an incident that a user resolved', () => {
    beforeEach(async () => {
      await apply(change({}, 'opened'));
      expect(await resolve('jane')).toMatchObject({ state: 'resolved', resolvedBy: 'jane', revision: 2 });
    });

    it('is resolved once', async () => {
      expect(await resolve('joe')).toBeNull();
      expect(await incidents.revisions(first.id)).toMatchObject([{}, { kind: 'resolved', actor: 'jane' }]);
    });

    it('stays resolved while nothing new happens', async () => {
      expect(did(await apply(change({ revision: 2, count: 99, findings: ['drift', 'other'] })))).toEqual(['quiet']);
      expect(await incidents.get(first.id)).toMatchObject({ state: 'resolved', resolvedBy: 'jane', count: 99 });
    });

    it('is reopened by a late step', async () => {
      expect(did(await apply(change({ revision: 2, steps: minerIncident().steps })))).toEqual(['reopened']);
      expect(await incidents.get(first.id)).toMatchObject({ state: 'open', resolvedBy: null, resolvedAt: null });
    });
  });

  describe('a merged incident', () => {
    const story = (name: string, more: Partial<Incident> = {}) => change({ id: uuidOf(name), ...more }).incident;
    const merged = (name: string, into: string, revision = 9): IncidentChange => ({
      kind: 'merged',
      incident: story(name, { revision, state: 'merged', mergedInto: uuidOf(into) }),
    });
    const opened = (name: string, more: Partial<Incident> = {}): IncidentChange => ({
      kind: 'opened',
      incident: story(name, more),
    });
    const shown = async () => (await listed()).map(({ id, number, revision }) => [id, number, revision]);

    it('ends when the other incident is stored', async () => {
      await apply(opened('a'));
      await apply(opened('b'));
      expect(did(await apply(merged('b', 'a')))).toEqual(['merged']);
      expect(await incidents.get(uuidOf('b'))).toMatchObject({ state: 'merged', mergedInto: uuidOf('a') });
      expect(did(await apply(opened('b', { revision: 10, severity: 'critical' })))).toEqual(['quiet']);
      expect(await store.transaction((tx) => triage.resolve(tx, uuidOf('b'), 'jane'))).toBeNull();
      expect((await shown()).map(([id]) => id)).toEqual([uuidOf('a')]);
      expect(await listed('state=merged')).toHaveLength(1);
    });

    it('keeps its incident when its beginning came late', async () => {
      await apply(opened('a'));
      const { steps } = minerIncident();
      expect(did(await apply(merged('a', 'b'), merged('b', 'c'), opened('c', { steps })))).toEqual([
        'updated',
        'quiet',
      ]);
      expect(await shown()).toEqual([[uuidOf('a'), 1, 2]]);
      expect(did(await apply(opened('c', { revision: 2, steps, severity: 'critical' })))).toEqual(['worsened']);
      expect(did(await apply(merged('a', 'b')))).toEqual([]);
      expect(await shown()).toEqual([[uuidOf('a'), 1, 3]]);
    });

    it('keeps the older of two incidents', async () => {
      await apply(opened('b'));
      await apply(opened('a'));
      expect(did(await apply(merged('a', 'c'), merged('b', 'c'), opened('c')))).toEqual(['merged', 'quiet']);
      expect(await shown()).toEqual([[uuidOf('b'), 1, 1]]);
      expect(await incidents.get(uuidOf('a'))).toMatchObject({ state: 'merged', mergedInto: uuidOf('b') });
    });

    it('has no effect without a stored incident', async () => {
      expect(did(await apply(merged('a', 'b')))).toEqual([]);
      expect(await emitted()).toEqual([]);
    });

    it('is ignored when merges form a cycle', async () => {
      await apply(opened('a'));
      expect(did(await apply(merged('a', 'b'), merged('b', 'a')))).toEqual(['stale']);
    });
  });

  it('pages by number and filters by state and severity', async () => {
    for (const name of ['a', 'b', 'c']) await apply(change({ id: uuidOf(name) }, 'opened'));
    await apply(change({ id: uuidOf('d'), severity: 'low' }, 'opened'));
    const query = 'severity=medium state=open';
    const newest = await page(query, 2);
    expect(newest.items.map(({ number }) => number)).toEqual([3, 2]);
    const rest = await page(query, 2, newest.next!);
    expect(rest.items.map(({ number }) => number)).toEqual([1]);
    expect(rest.next).toBeNull();
  });

  it('stores text with NUL and lone surrogates', async () => {
    const title = 'a\0b \ud800 <!channel>';
    await apply(change({ title, factsUsed: [title] }, 'opened'));
    expect(await incidents.get(first.id)).toMatchObject({ title: 'a\uFFFDb \uFFFD <!channel>' });
  });

  it('migrates older incidents to incidents of one step', async () => {
    while (
      (await store.query<{ name: string }>(`SELECT name FROM migration WHERE name LIKE 'IncidentStory%'`)).length > 0
    )
      await dataSource.undoLastMigration();
    const event = {
      id: 'e1',
      at: '2026-01-02T03:04:05.000000006Z',
      source: 'falco',
      rule: 'Terminal shell in container',
      output: 'A shell was spawned',
      tags: ['T1059', 'container', 'mitre_t1059'],
      container: { name: 'app' },
      kubernetes: { namespace: 'shop', pod: 'cart-1' },
    };
    await store.query(
      `INSERT INTO incident (id, rule, subject_key, title, severity, state, revision, count, image_repository, image_tag, first_seen, last_seen,
       opened_by, evidence, resolved_at, resolved_by)
     VALUES ($1, 'Terminal shell in container', 'k', 'a shell', 'medium', 'resolved', 2, 4, 'shop/cart', '1', $2, $2, 'e1', $3, now(), 'jane')`,
      [first.id, event.at, JSON.stringify([event])],
    );
    await dataSource.runMigrations();
    expect(await incidents.get(first.id)).toMatchObject({
      image: 'shop/cart:1',
      techniques: ['T1059'],
      rules: [{ title: 'Terminal shell in container', author: null }],
      steps: [{ title: 'Terminal shell in container', technique: 'T1059', at: event.at, events: ['e1'] }],
      evidence: [{ event: 'e1', text: 'A shell was spawned', where: 'shop/cart-1/app', record: null }],
    });
    expect(await incidents.revisions(first.id)).toMatchObject([
      { revision: 1, kind: 'opened' },
      { revision: 2, kind: 'resolved', actor: 'jane' },
    ]);
  });

  it('records once that the image is signed by now', async () => {
    const digest = first.imageDigest!;
    const others = [
      minerIncident({ id: uuidOf('unsigned'), findings: ['miner', 'unsigned-image'] }),
      minerIncident({ id: uuidOf('elsewhere'), imageDigest: `sha256:${'9'.repeat(64)}`, findings: ['unsigned-image'] }),
    ];
    await apply(...[first, ...others].map((incident) => ({ kind: 'opened' as const, incident })));
    const line = 'The image is signed by now: by release';
    const signed = async (isAnnounced: boolean) =>
      store.transaction(async (tx) => incidents.signed(tx, [digest], { line, isAnnounced }));
    const noted = async () => {
      const ids = [first, ...others].map(({ id }) => id);
      const revisions = await incidents.revisionsOf(ids);
      return ids.map((id) => (revisions.get(id) ?? []).filter(({ news }) => news.includes(line)).length);
    };
    await signed(false);
    await signed(false);
    expect(await noted()).toEqual([0, 1, 0]);
    await resolve('jane');
    await signed(true);
    expect(await noted()).toEqual([0, 1, 0]);
  });
});
