import { type Alert, Secret } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { AlertHistory } from './alert-history.js';
import { Deliveries } from './deliveries.js';
import { FiringAlerts } from './firing-alerts.js';
import { RoutingReplays } from './routing-replays.js';
import { SilenceLedger } from './silences.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let history: AlertHistory;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  history = new AlertHistory(store);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const [hour, day] = [3_600_000, 86_400_000];
const now = Date.now();
const ago = (ms: number) => new Date(now - ms);

const alert = (rule: string, more: Partial<Alert> = {}): Alert => ({
  identity: rule,
  annotations: {},
  status: 'firing',
  startsAt: ago(day).toISOString(),
  endsAt: null,
  ...more,
  labels: { rule, new: 'true', severity: 'high', ...more.labels },
});

const happened = async (at: Date, ...alerts: Alert[]) => {
  const eventId = uuidv7();
  await store.transaction(async (tx) => history.add(tx, { eventId, alerts, state: null }));
  await store.query('UPDATE alert_history SET at = $2 WHERE event_id = $1', [eventId, at]);
  return eventId;
};

const routing = (route: string) =>
  parseRouting(
    `route: { receiver: team, ${route} }\nreceivers: [ { name: team, webhook_configs: [ { url: "https://hook.example/" } ] }, { name: other } ]`,
    { channels: channelReaders, readFile: () => '' },
  );
const replay = async (route: string, { sinceMs = 7 * day, receiver = null as string | null } = {}) =>
  new RoutingReplays(store, history).of(routing(route), { since: ago(sinceMs), until: ago(0), receiver });

describe('RoutingReplays', () => {
  describe('AlertHistory', () => {
    it('returns the events of a period once, in order', async () => {
      for (let index = 60; index > 0; index -= 1) await happened(ago(index * hour), alert(`r${index}`));
      const eventId = uuidv7();
      for (const rule of ['first', 'again']) {
        await store.transaction(async (tx) => history.add(tx, { eventId, alerts: [alert(rule)], state: null }));
      }
      const rules: string[] = [];
      for await (const { alerts } of history.between(ago(50.5 * hour), new Date(Date.now() + hour))) {
        rules.push(alerts[0]!.labels['rule']!);
      }
      expect(rules).toEqual([...Array.from({ length: 50 }, (_, index) => `r${50 - index}`), 'first']);
      expect((await history.start())?.getTime()).toBeCloseTo(ago(60 * hour).getTime(), -2);
    });

    it('has no start while it is empty', async () => {
      expect((await replay('')).history).toEqual({ knownSince: null, isWhole: false, events: 0, alerts: 0 });
    });
  });

  it('compares the messages of a configuration with those that were sent', async () => {
    await happened(ago(10 * day), alert('before'));
    await happened(ago(3 * day), alert('a'), alert('b'));
    await happened(ago(2 * day), alert('c', { labels: { severity: 'low' } }));
    const delivery = {
      eventId: uuidv7(),
      cause: ['push', uuidv7()] as const,
      receiver: 'team',
      channel: 'slack',
      integration: 0,
      route: 'route',
      groupKey: '{}',
      groupLabels: {},
      alerts: [],
      message: {},
      edition: { subject: 'i', revision: 1 },
    };
    await store.transaction(async (tx) => {
      const deliveries = new Deliveries(store);
      for (const revision of [1, 2]) {
        const edition = { subject: 'i', revision };
        const [id = ''] = await deliveries.add(tx, [{ ...delivery, eventId: uuidv7(), edition }]);
        await deliveries.sent(tx, [{ id, reference: 'C1/1', note: null }]);
      }
      await deliveries.add(tx, [{ ...delivery, eventId: uuidv7() }], 'team\nheld');
    });
    await store.query(`UPDATE delivery SET created_at = now() - interval '1 hour'`);
    const answer = await replay('group_by: [rule]');
    expect(answer).toMatchObject({
      history: { isWhole: true, events: 2, alerts: 3 },
      would: { messages: 3, alerts: 3, receivers: [{ receiver: 'team', routes: [{ route: 'route', messages: 3 }] }] },
    });
    expect(answer.sent).toEqual([
      {
        ...{ receiver: 'team', route: 'route', channel: 'slack' },
        ...{ messages: 1, edits: 1, reminders: 0, failed: 0, heldBack: 1 },
      },
    ]);
    expect((await replay('routes: [ { matchers: [severity=low], receiver: other } ]')).would).toMatchObject({
      messages: 1,
      alerts: 2,
    });
    expect(await replay('', { receiver: 'other' })).toMatchObject({ would: { messages: 0 }, sent: [] });
    // The replay stores no groups.
    expect(await store.query('SELECT FROM alert_group')).toEqual([]);
  });

  it('applies the silences and firing alerts of the time', async () => {
    await happened(ago(3 * day), alert('a', { labels: { cluster: 'eu1' } }));
    await store.transaction(async (tx) => {
      const [startsAt, endsAt] = [ago(4 * day), ago(day)];
      const silence = { matchers: ['rule="a"'], startsAt, endsAt, createdBy: 'jane', comment: 'known' };
      await new SilenceLedger(store).add(tx, silence);
      await new FiringAlerts(store).record(tx, [
        alert('down', { labels: { cluster: 'eu1' }, startsAt: ago(9 * day).toISOString() }),
      ]);
    });
    // A silence has no effect before its creation.
    expect((await replay('')).would.heldBack).toEqual([]);
    await store.query(`UPDATE silence_version SET at = starts_at`);
    expect((await replay('')).would.heldBack).toEqual([{ why: 'silenced', sent: 1, over: 0, waits: 0 }]);
    // It was ended before the alert, and the ending undone after it.
    await store.query(
      `INSERT INTO silence_version (silence_id, version, change, matchers, starts_at, ends_at, comment, author, at)
       SELECT silence_id, n, change, matchers, starts_at, CASE n WHEN 2 THEN $1::timestamptz ELSE ends_at END,
         comment, author, CASE n WHEN 2 THEN $1::timestamptz ELSE $2::timestamptz END
       FROM silence_version, generate_series(2, 3) AS n`,
      [ago(3.5 * day), ago(2 * day)],
    );
    expect((await replay('')).would.heldBack).toEqual([]);
    await store.query('DELETE FROM silence');
    const inhibiting = parseRouting(
      `route: { receiver: team }\nreceivers: [ { name: team, webhook_configs: [ { url: "https://hook.example/" } ] } ]
inhibit_rules: [ { source_matchers: [rule=down], target_matchers: [rule=a], equal: [cluster] } ]`,
      { channels: channelReaders, readFile: () => '' },
    );
    const { would } = await new RoutingReplays(store, history).of(inhibiting, {
      since: ago(7 * day),
      until: ago(0),
      receiver: null,
    });
    expect(would.heldBack).toEqual([{ why: 'inhibited', sent: 0, over: 0, waits: 1 }]);
  });

  it('rejects a period outside of the history', async () => {
    await expect(replay('', { sinceMs: 32 * day })).rejects.toMatchObject({ code: 'REPLAY_TIME_INVALID' });
    await expect(replay('', { sinceMs: -day })).rejects.toMatchObject({ code: 'REPLAY_TIME_INVALID' });
  });
});
