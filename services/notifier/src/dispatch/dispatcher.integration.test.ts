import { type Alert, Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { Logger, parseSettings, type Repetition, startEvery } from '@tidewaiter/runtime';
import {
  Advisories,
  AdvisoryAges,
  AdvisoryFeeds,
  AlertGroups,
  AlertHistory,
  ChannelHealths,
  connect,
  Deliveries,
  Findings,
  FiringAlerts,
  Images,
  Verdicts,
  type ListedDelivery,
  OwnerLabels,
  Owners,
  PipelineReports,
  Provenances,
  PushDifferences,
  Pushes,
  RoutingReplays,
  SensorContacts,
  SilenceLedger,
  Store,
  TagLedger,
  NotificationLog,
} from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from '../delivery/channels.js';
import { PushFindings } from '../subjects/push-findings.js';
import { PushReports } from '../subjects/push-reports.js';
import { CurrentMessages } from './current-messages.js';
import { Dispatcher } from './dispatcher.js';
import { GroupFlusher } from './group-flusher.js';
import { MuteState } from './mute-state.js';
import { ReminderRecheck } from './reminder-recheck.js';
import { SummaryNotes } from './summary-notes.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let deliveries: Deliveries;
let silences: SilenceLedger;
let notifications: Dispatcher;
const flushing: Repetition[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => {
  for (const each of flushing.splice(0)) await each.stop();
  await dataSource.destroy();
});

afterAll(async () => servers.stop());

/** A notifier with this file; each call is another replica on the same database. */
const start = (route: string, more = '', receiver = 'slack_configs: [ { api_url: "https://hook.example/" } ]') => {
  const routing = parseRouting(
    `route: { receiver: team, ${route} }\nreceivers: [ { name: team, ${receiver} } ]\n${more}`,
    { channels: channelReaders, readFile: () => '' },
  );
  const channels = new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1);
  const alerts = new FiringAlerts(store);
  const groups = new AlertGroups(store);
  deliveries = new Deliveries(store);
  silences = new SilenceLedger(store);
  const quiet = new MuteState(routing.inhibitRules, silences, alerts);
  notifications = new Dispatcher(
    channels,
    deliveries,
    groups,
    alerts,
    quiet,
    new NotificationLog(store),
    new AlertHistory(store),
  );
  const logger = { warn: (fields: { err?: unknown }) => failures.push(fields.err) } as unknown as Logger;
  const notebook = new SummaryNotes([], new ChannelHealths(store), new SensorContacts(store));
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const advisories = new Advisories(store);
  const ages = new AdvisoryAges(store, new AdvisoryFeeds(store, advisories));
  const { rules } = parseSettings('', () => '');
  const evaluations = new Verdicts(images, new Findings(store), new Provenances(store), rules, ages);
  const findings = new PushFindings(pushes, images, evaluations);
  const owners = new Owners({ rules: [], labels: [] }, new OwnerLabels(store));
  const reports = new PushReports(pushes, findings, new PushDifferences(store), new PipelineReports(store), owners);
  const stillTrue = new ReminderRecheck(pushes, new TagLedger(store), images, evaluations);
  const current = new CurrentMessages(stillTrue, reports, channels);
  const flusher = new GroupFlusher(store, groups, deliveries, alerts, quiet, channels, notebook, current);
  flushing.push(startEvery(flusher, logger));
};
const failures: unknown[] = [];
afterEach(() => expect(failures).toEqual([]));

const alert = (rule: string, status: Alert['status'] = 'firing', labels: Record<string, string> = {}): Alert => ({
  identity: rule,
  labels: { rule, ...labels },
  annotations: {},
  status,
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: null,
});
const messageOf = (title: string): Message => ({
  kind: 'push',
  status: 'firing',
  severity: 'high',
  title,
  summary: '',
  facts: [],
  sections: [],
  links: [],
  footer: '',
});
const occasion = () => ({ eventId: uuidv7(), cause: ['push', uuidv7()] as const });
const dispatch = async (...alerts: Alert[]) => {
  const subjects = alerts.map((each) => ({ alert: each, about: true }));
  const wording = {
    isNews: () => true,
    message: (some: typeof subjects) => messageOf(some.map((each) => each.alert.identity).join('+')),
  };
  await store.transaction(async (tx) => notifications.add(tx, occasion(), subjects, wording));
};

const listed = async (): Promise<ListedDelivery[]> => (await deliveries.list({ limit: 200 })).items.toReversed();
const states = async () => (await listed()).map(({ state }) => state);
const titles = async () =>
  Promise.all(
    (await listed())
      .filter(({ state }) => state === 'pending')
      .map(async ({ id }) => (await deliveries.get<Message>(id))?.message.title),
  );
const until = async (check: () => Promise<boolean>) => {
  for (const end = Date.now() + 60_000; !(await check());) {
    if (Date.now() > end) throw new Error(`it did not happen within 60 s: ${JSON.stringify(await states())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
/** Brings the time of every group nearer, as if this much had passed. */
const pass = async (interval: string) => {
  await store.query(`UPDATE alert_group SET due_at = due_at - $1::interval, notified_at = notified_at - $1::interval`, [
    interval,
  ]);
  await store.query(`UPDATE delivery SET created_at = created_at - $1::interval`, [interval]);
};

it('sends a group only its new and resolved alerts', async () => {
  start('group_by: [rule]');
  const subjects = [
    { alert: alert('new'), about: true },
    { alert: alert('old'), about: false },
    { alert: alert('gone', 'resolved'), about: false },
  ];
  const wording = {
    isNews: (some: readonly { about: boolean }[]) => some.some(({ about }) => about),
    message: () => messageOf('x'),
  };
  await store.transaction(async (tx) => notifications.add(tx, occasion(), subjects, wording));
  expect((await listed()).map(({ groupLabels }) => groupLabels['rule'] ?? '').toSorted()).toEqual(['new']);
});

it('sends at once where the file gives no times', async () => {
  start('group_by: [rule]');
  await dispatch(alert('a'));
  await dispatch(alert('a'));
  expect(await states()).toEqual(['pending', 'pending']);
});

describe('a group', () => {
  it('waits for the group and sends it as one message', async () => {
    start('group_wait: 5m, group_interval: 1h');
    await dispatch(alert('a'));
    await dispatch(alert('b'));
    expect(await states()).toEqual(['held', 'held']);
    await pass('5 minutes');
    await until(async () => (await titles()).length === 1);
    expect(await states()).toEqual(['merged', 'pending']);
    expect(await titles()).toEqual(['2 alerts · a']);
    const [, merged] = await listed();
    expect(merged?.alertCount).toBe(2);
  });

  it('waits for group_interval with a later alert, and sends that alone', async () => {
    start('group_wait: 0s, group_interval: 1h');
    await dispatch(alert('a'));
    await dispatch(alert('b'));
    expect(await states()).toEqual(['pending', 'held']);
    await pass('1 hour');
    await until(async () => (await states()).join() === 'pending,pending');
    expect(await titles()).toEqual(['a', 'b']);
  });

  it('drops an alert that ends before it is sent', async () => {
    start('group_wait: 5m');
    await dispatch(alert('a'));
    await dispatch(alert('a', 'resolved'));
    await pass('5 minutes');
    await until(async () => !(await states()).includes('held'));
    expect(await states()).toContain('suppressed');
  });

  it('is flushed by one of several notifiers, and by those that remain', async () => {
    start('group_wait: 5m, group_by: [rule]');
    start('group_wait: 5m, group_by: [rule]');
    start('group_wait: 5m, group_by: [rule]');
    const rules = Array.from({ length: 40 }, (_, index) => `r${index}`);
    await dispatch(...rules.map((rule) => alert(rule)));
    await flushing.shift()?.stop();
    await pass('5 minutes');
    await until(async () => !(await states()).includes('held'));
    expect(new Set(await titles())).toEqual(new Set(rules));
    expect(await titles()).toHaveLength(rules.length);
    const jobs = await store.query<{ key: string }>(`SELECT key FROM job WHERE queue = 'delivery'`);
    expect(new Set(jobs.map(({ key }) => key)).size).toBe(40);
    expect(jobs).toHaveLength(40);
  });
});

describe('a silence', () => {
  const hour = 3_600_000;
  /** Makes one, and waits until notifiers ask for silences again. */
  const silence = async (matchers: string[]) => {
    const [startsAt, endsAt] = [new Date(), new Date(Date.now() + hour)];
    const made = await store.transaction(async (tx) =>
      silences.add(tx, { matchers, startsAt, endsAt, createdBy: 'jane', comment: 'known' }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    return made;
  };

  it('holds the alerts that it covers, and sends the others', async () => {
    start('group_by: [owner]');
    await silence(['rule="a"']);
    await dispatch(alert('a'), alert('b'));
    expect(await titles()).toEqual(['b']);
    expect((await states()).toSorted()).toEqual(['held', 'pending']);
  });

  it('sends what still fires when it is expired', async () => {
    start('group_by: [rule]', '', 'slack_configs: [ { api_url: "https://hook.example/", send_resolved: true } ]');
    const { id } = await silence(['rule=~"a|b"']);
    await dispatch(alert('a'), alert('b'));
    await dispatch(alert('b', 'resolved'));
    expect((await states()).every((state) => state === 'held')).toBe(true);
    await store.transaction(async (tx) => silences.expire(tx, id, { author: 'jane' }));
    await until(async () => (await titles()).includes('a'));
    await until(async () => !(await states()).includes('held'));
    // Neither that it fired nor that it is over.
    expect((await states()).filter((state) => state === 'suppressed')).toHaveLength(2);
  });

  it('keeps alerts held for their group when it is expired', async () => {
    start('group_by: [rule], group_wait: 1h');
    const { id } = await silence(['rule="a"']);
    await dispatch(alert('a'), alert('b'));
    await store.transaction(async (tx) => silences.expire(tx, id, { author: 'jane' }));
    await until(async () => (await titles()).includes('a'));
    expect(await titles()).toEqual(['a']);
  });
});

it('holds inhibited alerts until the source is resolved', async () => {
  start(
    'group_by: [rule]',
    'inhibit_rules: [ { source_matchers: [rule="cluster-down"], target_matchers: [severity="low"], equal: [cluster] } ]',
  );
  const labels = { severity: 'low', cluster: 'eu1' };
  await dispatch(alert('cluster-down', 'firing', { cluster: 'eu1' }));
  await dispatch(alert('disk', 'firing', labels));
  await dispatch(alert('disk', 'firing', { ...labels, cluster: 'us1' }));
  expect((await states()).toSorted()).toEqual(['held', 'pending', 'pending']);
  await dispatch(alert('cluster-down', 'resolved', { cluster: 'eu1' }));
  await pass('1 hour');
  await until(async () => !(await states()).includes('held'));
  expect(await titles()).toContain('disk');
});

it('holds messages of a muted route', async () => {
  start(
    'routes: [ { active_time_intervals: [never] } ]',
    'time_intervals: [ { name: never, time_intervals: [ { years: ["1999"] } ] } ]',
  );
  await dispatch(alert('a'));
  await pass('1 hour');
  await until(async () => {
    const [group] = await store.query<{ dueAt: Date | null }>('SELECT due_at AS "dueAt" FROM alert_group');
    return (group?.dueAt?.getTime() ?? 0) > Date.now();
  });
  expect(await states()).toEqual(['held']);
});

it('makes one message of a flood, of which a person would read none', async () => {
  start('group_by: [rule]');
  for (let index = 0; index < 12; index += 1) await dispatch(alert(`r${index}`));
  expect((await states()).filter((state) => state === 'pending')).toHaveLength(5);
  await pass('1 minute');
  await until(async () => !(await states()).includes('held'));
  expect((await titles()).at(-1)).toBe('7 alerts · r5');
  const merged = (await listed()).findLast(({ state }) => state === 'pending')!;
  const { message, alerts } = (await deliveries.get<Message>(merged.id))!;
  const named = message.sections.flatMap(({ items }) => items.map(({ text }) => text));
  expect(named).toEqual(['r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11']);
  expect(alerts.map(({ identity }) => identity)).toEqual(named);
});

it('merges a flood of one transaction, too', async () => {
  start('group_by: [rule]');
  const rules = Array.from({ length: 12 }, (_, index) => `r${index}`);
  const ids = new Map(rules.map((rule) => [uuidv7(), rule]));
  const message = messageOf('flood');
  await store.onceEach('notifier', [...ids.keys()], async (tx, id) => {
    const edition = { subject: uuidv7(), revision: 1 };
    const state = { alert: alert(ids.get(id)!), about: true, message, edition, change: 'opened', isForAll: true };
    await notifications.addState(tx, id, state);
  });
  expect(Map.groupBy(await states(), (state) => state).get('pending')).toHaveLength(5);
  expect(Map.groupBy(await states(), (state) => state).get('held')).toHaveLength(7);
});

it('gives a machine each of a flood', async () => {
  start('group_by: [rule]', '', 'webhook_configs: [ { url: "https://hook.example/" } ]');
  for (let index = 0; index < 12; index += 1) await dispatch(alert(`r${index}`));
  expect(new Set(await states())).toEqual(new Set(['pending']));
});

it('flushes each of many groups that are due at once one time, with any number of replicas', async () => {
  const webhook = 'webhook_configs: [ { url: "https://hook.example/" } ]';
  for (const _ of ['one', 'another']) start('group_by: [rule], group_wait: 1h', '', webhook);
  const rules = Array.from({ length: 120 }, (_, index) => `r${index}`);
  await dispatch(...rules.map((rule) => alert(rule)));
  await dispatch(alert('r0'));
  expect(new Set(await states())).toEqual(new Set(['held']));
  await pass('1 hour');
  await until(async () => !(await states()).includes('held'));
  expect(Map.groupBy(await states(), (state) => state).get('pending')).toHaveLength(120);
  expect((await titles()).filter((title) => title === 'r0' || title === '2 alerts · r0')).toHaveLength(1);
  expect(await store.query(`SELECT key FROM job WHERE queue = 'delivery'`)).toHaveLength(120);
});

it('collects a summary until its hour, with the state of everything by then', async () => {
  start(
    'group_by: [rule]',
    '',
    'summary: { at: "08:00" }, email_configs: [ { to: a@b.example, from: c@d.example, smarthost: "m:25" } ]',
  );
  await dispatch(alert('a'));
  await dispatch(alert('b'));
  const state = { subject: uuidv7(), alert: alert('incident'), about: true, change: 'updated' };
  for (const revision of [1, 2]) {
    const message: Message = { ...messageOf(`Critical · state ${revision}`), kind: 'incident', severity: 'critical' };
    const edition = { subject: state.subject, revision };
    await store.transaction(async (tx) =>
      notifications.addState(tx, uuidv7(), { ...state, edition, message, isForAll: true }),
    );
  }
  expect(await states()).toEqual(['held', 'held', 'held', 'held']);
  await pass('1 day');
  await until(async () => (await titles()).length === 1);
  expect((await states()).toSorted()).toEqual(['merged', 'merged', 'merged', 'pending']);
  const pending = (await listed()).find(({ state: each }) => each === 'pending')!;
  const sent = await deliveries.get<Message>(pending.id);
  expect(sent?.edition).toBeNull();
  expect(sent?.message).toMatchObject({ kind: 'summary', title: 'Summary · 1 to act on now, 1 incident open' });
  expect(sent?.message.sections.map(({ title, items }) => [title, ...items.map(({ text }) => text)])).toEqual([
    ['Act now', 'state 2'],
    ['New', 'a', 'b'],
  ]);
});

it('sends the messages that a replay of the same file predicts', async () => {
  const [route, more] = [
    'group_by: [rule], routes: [ { matchers: [severity=low], group_by: [severity], group_wait: 1h } ]',
    'inhibit_rules: [ { source_matchers: [rule="r0"], target_matchers: [rule=~"r1|r2"] } ]',
  ];
  const receiver =
    'slack_configs: [ { api_url: "https://hook.example/" } ], webhook_configs: [ { url: "https://hook.example/" } ]';
  start(route, more, receiver);
  for (let index = 0; index < 12; index += 1) {
    await dispatch(alert(`r${index}`, 'firing', { new: 'true', ...(index % 3 === 1 && { severity: 'low' }) }));
  }
  const routing = parseRouting(
    `route: { receiver: team, ${route} }\nreceivers: [ { name: team, ${receiver} } ]\n${more}`,
    { channels: channelReaders, readFile: () => '' },
  );
  const until = new Date(Date.now() + 1_000);
  const time = { since: new Date(until.getTime() - 3_600_000), until, receiver: null };
  const { would, sent } = await new RoutingReplays(store, new AlertHistory(store)).of(routing, time);
  const add = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);
  expect(would.messages).toBe(add(sent.map(({ messages }) => messages)));
  expect(add(would.heldBack.map(({ waits }) => waits))).toBe(add(sent.map(({ heldBack }) => heldBack)));
  expect(would.heldBack.map(({ why }) => why)).toEqual(['group', 'storm', 'inhibited']);
});
