import { type Incident, Secret } from '@tidewaiter/domain';
import { incidentFields, parseQuery } from '@tidewaiter/query';
import { minerIncident, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Lists } from '../core/lists.js';
import { Store, type Transaction } from '../core/store.js';
import { incidentList } from './incident-list.js';
import { IncidentTriage } from './incident-triage.js';
import { Incidents } from './incidents.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let incidents: Incidents;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  incidents = new Incidents(store);
  await grow({});
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const triage = new IncidentTriage();
const first = minerIncident({ steps: minerIncident().steps.slice(0, 1), severity: 'medium' });
const tomorrow = new Date(Date.now() + 24 * 3_600_000);

const inTransaction = async <Result>(work: (tx: Transaction) => Promise<Result>) => store.transaction(work);
const grow = async (more: Partial<Incident>) =>
  inTransaction(async (tx) => incidents.apply(tx, [{ kind: 'updated', incident: { ...first, ...more } }]));
const snooze = async (until = tomorrow) => inTransaction(async (tx) => triage.snooze(tx, first.id, until, 'jane'));
const history = async () =>
  (await incidents.revisions(first.id)).map(({ kind, actor, news, comment }) => [kind, actor, ...news, comment]);
const listed = async (q: string) => {
  const where = parseQuery(q, incidentFields, new Date());
  return (await store.unlimited(async () => new Lists(store).total(incidentList, where))).count === 1;
};

describe('IncidentTriage', () => {
  it('assigns an acknowledged incident to the user, unless it has an assignee', async () => {
    expect(await inTransaction(async (tx) => triage.assign(tx, first.id, 'joe', 'jane'))).toMatchObject({
      assignee: 'joe',
    });
    expect(await inTransaction(async (tx) => triage.acknowledge(tx, first.id, 'jane'))).toMatchObject({
      assignee: 'joe',
      acknowledgedBy: 'jane',
      acknowledgedAt: expect.any(Date),
    });
    await inTransaction(async (tx) => triage.assign(tx, first.id, null, 'joe'));
    expect(await listed('-assigned acknowledged')).toBe(true);
    expect(await incidents.get(first.id)).toMatchObject({ acknowledgedBy: 'jane', acknowledgedAt: expect.any(Date) });
    await grow({ revision: 2, severity: 'high' });
    expect(await incidents.get(first.id)).toMatchObject({ acknowledgedBy: null, acknowledgedAt: null });
    await inTransaction(async (tx) => triage.acknowledge(tx, first.id, 'jane'));
    expect(await listed('assignee=jane')).toBe(true);
    expect((await history()).slice(1, 4)).toEqual([
      ['assigned', 'jane', 'Assigned to joe', null],
      ['acknowledged', 'jane', null],
      ['assigned', 'joe', 'No longer assigned', null],
    ]);
  });

  it('changes nothing twice', async () => {
    await snooze();
    expect(await snooze()).toBeNull();
    await inTransaction(async (tx) => triage.assign(tx, first.id, 'joe', 'jane'));
    expect(await inTransaction(async (tx) => triage.assign(tx, first.id, 'joe', 'joe'))).toBeNull();
    await inTransaction(async (tx) => triage.resolve(tx, first.id, 'jane'));
    expect(await inTransaction(async (tx) => triage.resolve(tx, first.id, 'joe'))).toBeNull();
    expect((await history()).map(([kind]) => kind)).toEqual(['opened', 'snoozed', 'assigned', 'resolved']);
  });

  describe('a snoozed incident', () => {
    beforeEach(async () => {
      expect(await snooze()).toMatchObject({ snoozedUntil: tomorrow });
    });

    it('is listed only if the query names it', async () => {
      expect(await listed('')).toBe(false);
      expect(await listed('state=open')).toBe(false);
      expect(await listed('snoozed')).toBe(true);
      expect(await listed('(snoozed or -snoozed) severity=medium')).toBe(true);
    });

    it('comes back at its time', async () => {
      await store.query(`UPDATE incident SET snoozed_until = now() - interval '1 second'`);
      expect(await listed('')).toBe(true);
      expect(await incidents.get(first.id)).toMatchObject({ snoozedUntil: null });
      expect(await inTransaction(async (tx) => triage.unsnooze(tx, first.id, 'jane'))).toBeNull();
    });

    it('comes back with its news, but not when it is only counted on', async () => {
      await grow({ revision: 2, count: 99 });
      expect(await listed('')).toBe(false);
      await grow({ revision: 3, steps: minerIncident().steps });
      expect(await listed('')).toBe(true);
      expect(await incidents.get(first.id)).toMatchObject({ snoozedUntil: null });
    });

    it('comes back when a user wants it', async () => {
      expect(await inTransaction(async (tx) => triage.unsnooze(tx, first.id, 'joe'))).toMatchObject({
        snoozedUntil: null,
      });
      expect((await history()).at(-1)).toEqual(['unsnoozed', 'joe', 'Snooze ended', null]);
    });

    it('is no longer snoozed once it is resolved and opened again', async () => {
      await inTransaction(async (tx) => triage.resolve(tx, first.id, 'jane'));
      await inTransaction(async (tx) => triage.reopen(tx, first.id, 'joe'));
      expect(await listed('state=open')).toBe(true);
    });
  });

  it('refuses a snooze in the past', async () => {
    expect(await snooze(new Date(Date.now() - 1_000))).toBeNull();
  });

  it('keeps the reason and the comment of a resolution until the incident opens again', async () => {
    const given = { reason: 'false-positive', comment: 'A backup\njob' } as const;
    await inTransaction(async (tx) => triage.resolve(tx, first.id, 'jane', given));
    expect(await listed('state=resolved resolution=false-positive,benign by=jane')).toBe(true);
    expect((await history()).at(-1)).toEqual(['resolved', 'jane', 'Reason: false-positive', 'A backup\njob']);
    expect(await inTransaction(async (tx) => triage.reopen(tx, first.id, 'joe'))).toMatchObject({
      ...{ state: 'open', resolvedAt: null, resolvedBy: null, resolution: null },
    });
    expect(await inTransaction(async (tx) => triage.reopen(tx, first.id, 'joe'))).toBeNull();
  });

  it('forgets the reason when news opens the incident', async () => {
    await inTransaction(async (tx) => triage.resolve(tx, first.id, 'jane', { reason: 'test' }));
    await grow({ revision: 2, steps: minerIncident().steps });
    expect(await incidents.get(first.id)).toMatchObject({ state: 'open', resolution: null });
  });

  it('adds comments in every state, each with its author', async () => {
    await inTransaction(async (tx) => triage.comment(tx, first.id, 'one', 'jane'));
    await inTransaction(async (tx) => triage.resolve(tx, first.id, 'jane'));
    await inTransaction(async (tx) => triage.comment(tx, first.id, 'two', 'joe'));
    expect((await history()).filter(([kind]) => kind === 'commented')).toEqual([
      ['commented', 'jane', 'one'],
      ['commented', 'joe', 'two'],
    ]);
    const [row] = await store.query<{ type: string }>('SELECT type FROM outbox ORDER BY id DESC LIMIT 1');
    expect(row?.type).toContain('incident.updated');
  });
});
