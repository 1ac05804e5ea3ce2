import { type Alert, countBySeverity, Secret } from '@tidewaiter/domain';
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
  FiringAlerts,
  Findings,
  FileContents,
  ImageManifests,
  Images,
  IncidentContexts,
  IncidentOrigins,
  IncidentReaches,
  Incidents,
  IncidentTriage,
  Verdicts,
  OwnerLabels,
  Owners,
  PipelineReports,
  Provenances,
  PushDifferences,
  Pushes,
  SensorContacts,
  SilenceLedger,
  Store,
  TagLedger,
  NotificationLog,
  WorkloadLedger,
} from '@tidewaiter/store';
import { minerIncident, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from '../delivery/channels.js';
import { IncidentReports } from '../subjects/incident-reports.js';
import { PushFindings } from '../subjects/push-findings.js';
import { PushReports } from '../subjects/push-reports.js';
import { CurrentMessages } from './current-messages.js';
import { Dispatcher } from './dispatcher.js';
import { GroupFlusher } from './group-flusher.js';
import { MuteState } from './mute-state.js';
import { RemainingAlerts } from './remaining-alerts.js';
import { ReminderRecheck } from './reminder-recheck.js';
import { Reminders } from './reminders.js';
import { SummaryNotes } from './summary-notes.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let notifications: Dispatcher;
const running: Repetition[] = [];
const failures: unknown[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
});

const stop = async () => Promise.all(running.splice(0).map(async (each) => each.stop()));

afterEach(async () => {
  await stop();
  await dataSource.destroy();
  expect(failures).toEqual([]);
});

afterAll(async () => servers.stop());

const slack = 'slack_configs: [ { api_url: "https://hook.example/" } ]';
const bot =
  'slack_configs: [ { api_url: "https://slack.example/api/chat.postMessage", channel: C0000001, http_config: { authorization: { credentials: x } } } ]';
const mail = 'email_configs: [ { to: a@b.example, from: c@d.example, smarthost: "m:25" } ]';

/** Starts a notifier with this routing.yaml; each call is another replica on the same database. */
const start = (route: string, { receiver = slack, more = '', settings = '' } = {}) => {
  const routing = parseRouting(
    `route: { receiver: team, ${route} }\nreceivers: [ { name: team, ${receiver} } ]\n${more}`,
    { channels: channelReaders, readFile: () => '' },
  );
  const channels = new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1);
  const [groups, alerts, log, images] = [
    new AlertGroups(store),
    new FiringAlerts(store),
    new NotificationLog(store),
    new Images(store),
  ];
  const deliveries = new Deliveries(store);
  const quiet = new MuteState(routing.inhibitRules, new SilenceLedger(store), alerts);
  const { rules } = parseSettings(settings, () => '');
  const evaluations = new Verdicts(images, new Findings(store), new Provenances(store), rules, agesIn(store));
  const owners = new Owners({ rules: [], labels: [] }, new OwnerLabels(store));
  const [pushes, provenances] = [new Pushes(store), new Provenances(store)];
  const origins = new IncidentOrigins(new PushDifferences(store), provenances);
  const reaches = new IncidentReaches(
    store,
    new WorkloadLedger(store),
    new ImageManifests(store, images),
    new FileContents(store),
  );
  const contexts = new IncidentContexts(pushes, images, evaluations, origins, reaches);
  const incidents = new IncidentReports(new Incidents(store), contexts, owners);
  const stillTrue = new ReminderRecheck(pushes, new TagLedger(store), images, evaluations);
  const remaining = new RemainingAlerts(stillTrue, incidents, channels);
  const findings = new PushFindings(pushes, images, evaluations);
  const reports = new PushReports(pushes, findings, new PushDifferences(store), new PipelineReports(store), owners);
  const current = new CurrentMessages(stillTrue, reports, channels);
  const logger = { warn: (fields: { err?: unknown }) => failures.push(fields.err) } as unknown as Logger;
  notifications = new Dispatcher(channels, deliveries, groups, alerts, quiet, log, new AlertHistory(store));
  const notebook = new SummaryNotes([], new ChannelHealths(store), new SensorContacts(store));
  const held = new GroupFlusher(store, groups, deliveries, alerts, quiet, channels, notebook, current);
  const reminders = new Reminders(store, log, quiet, channels, remaining, notifications);
  for (const each of [held, reminders]) running.push(startEvery(each, logger));
};

const alert = (rule: string, status: Alert['status'] = 'firing', labels: Record<string, string> = {}): Alert => ({
  identity: JSON.stringify(['sensor', rule]),
  labels: { rule, severity: 'high', repository: 'shop/app', tag: '1', ...labels },
  annotations: { summary: rule },
  status,
  startsAt: new Date().toISOString(),
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
  links: [{ text: 'Open image', url: 'https://t.example/#images/x' }],
  footer: '',
});
const occasion = () => ({ eventId: uuidv7(), cause: ['push', uuidv7()] as const });
const dispatch = async (...alerts: Alert[]) => {
  const subjects = alerts.map((each) => ({ alert: each, about: true }));
  const isNews = () => alerts.some(({ status }) => status === 'firing');
  const message = () => messageOf(`High · ${alerts.map(({ labels }) => labels['rule']).join('+')}`);
  await store.transaction(async (tx) => notifications.add(tx, occasion(), subjects, { isNews, message }));
};

interface Row {
  state: string;
  reply_to: string | null;
  alerts: Alert[];
  message: Message;
  revision: number | null;
}
const rows = async () => store.query<Row>('SELECT * FROM delivery ORDER BY number');
const reminders = async () => (await rows()).filter(({ message }) => message.isReminder);
/** Marks pending deliveries as sent, as if a channel had accepted them. */
const arrive = async () =>
  store.query(
    `UPDATE delivery SET state = 'sent', reference = 'C0000001/' || left(id::text, 13), finished_at = now() WHERE state = 'pending'`,
  );
/** Shifts all timers, as if this much time had passed. */
const pass = async (interval: string) => {
  await arrive();
  await store.query(
    `UPDATE alert_group SET remind_at = remind_at - $1::interval, due_at = due_at - $1::interval, notified_at = notified_at - $1::interval`,
    [interval],
  );
  await store.query(
    `UPDATE delivery SET created_at = created_at - $1::interval, finished_at = finished_at - $1::interval`,
    [interval],
  );
  await store.query(`UPDATE alert SET starts_at = starts_at - $1::interval`, [interval]);
};
const until = async (check: () => Promise<boolean>) => {
  for (const end = Date.now() + 60_000; !(await check());) {
    if (Date.now() > end) throw new Error(`it did not happen within 60 s: ${JSON.stringify(await rows())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
/** Waits until nothing is due. */
const settled = async () =>
  until(
    async () => (await store.query('SELECT FROM alert_group WHERE remind_at <= now() OR due_at <= now()')).length === 0,
  );

it('repeats nothing without repeat_interval', async () => {
  start('group_by: [rule]');
  await dispatch(alert('a'));
  expect(await store.query('SELECT FROM notified_alert')).toEqual([]);
  expect(await store.query('SELECT FROM alert_group WHERE remind_at IS NOT NULL')).toEqual([]);
});

it('repeats firing alerts at repeat_interval, and no resolved ones', async () => {
  start('group_by: [repository], repeat_interval: 3d');
  await dispatch(alert('a'), alert('b'), alert('c'));
  await dispatch(alert('c', 'resolved'));
  await pass('3 days');
  await until(async () => (await reminders()).length === 1);
  const [first] = await reminders();
  expect(first?.message).toMatchObject({
    title: 'High · Still there for 3 days · 2 alerts · shop/app:1',
    sections: [{ title: 'Still there', items: [{ text: 'a' }, { text: 'b' }] }],
    links: [{ text: 'Open image' }],
  });
  expect(first?.alerts.map(({ labels }) => labels['rule']).toSorted()).toEqual(['a', 'b']);
  await pass('1 day');
  await settled();
  expect(await reminders()).toHaveLength(1);
  await dispatch(alert('a', 'resolved'));
  await pass('2 days');
  await until(async () => (await reminders()).length === 2);
  expect((await reminders())[1]?.message.title).toBe('High · Still there for 6 days · b · shop/app:1');
  await dispatch(alert('b', 'resolved'));
  await pass('3 days');
  await settled();
  expect(await reminders()).toHaveLength(2);
});

it('counts from the last message of a group', async () => {
  start('group_by: [repository], repeat_interval: 3d');
  await dispatch(alert('a'));
  await pass('2 days');
  await dispatch(alert('b'));
  await pass('2 days');
  await settled();
  expect(await reminders()).toEqual([]);
  await pass('1 day');
  await until(async () => (await reminders()).length === 1);
  expect((await reminders())[0]?.alerts).toHaveLength(2);
});

it('repeats once with several notifiers, and with those that remain', async () => {
  const route = 'group_by: [rule], repeat_interval: 1d';
  start(route);
  await dispatch(...Array.from({ length: 4 }, (_, index) => alert(`r${index}`)));
  await stop();
  await pass('1 day');
  for (let replica = 0; replica < 3; replica += 1) start(route);
  await until(async () => (await reminders()).length === 4);
  await settled();
  expect((await reminders()).map(({ alerts }) => alerts.length)).toEqual([1, 1, 1, 1]);
});

it('does not repeat a message that did not arrive yet', async () => {
  start('repeat_interval: 1d');
  await dispatch(alert('a'));
  await store.query(`UPDATE delivery SET state = 'retrying'`);
  await pass('2 days');
  await settled();
  expect(await reminders()).toEqual([]);
});

it.each(['silenced', 'muted', 'inhibited'])('holds reminders that are %s', async (how) => {
  const never = 'time_intervals: [ { name: never, time_intervals: [ { years: ["1999"] } ] } ]';
  const inhibit = 'inhibit_rules: [ { source_matchers: [rule=down], target_matchers: [rule=a] } ]';
  const route = (more: string) => `routes: [ { group_by: [rule], repeat_interval: 1d, ${more} } ]`;
  start(route(''));
  await dispatch(alert('a'));
  await stop();
  start(route(how === 'muted' ? 'active_time_intervals: [never]' : ''), { more: `${never}\n${inhibit}` });
  if (how === 'inhibited') await dispatch(alert('down'));
  if (how === 'silenced') {
    const [startsAt, endsAt] = [new Date(), new Date(Date.now() + 3_600_000)];
    const silence = { matchers: ['rule="a"'], startsAt, endsAt, createdBy: 'jane', comment: 'known' };
    await store.transaction(async (tx) => new SilenceLedger(store).add(tx, silence));
  }
  await pass('1 day');
  await settled();
  const repeated = (await reminders()).flatMap(({ alerts }) => alerts.map(({ labels }) => labels['rule']));
  expect(repeated).not.toContain('a');
  expect(await store.query('SELECT FROM alert_group WHERE remind_at > now()')).not.toEqual([]);
});

it('ends when the route no longer has repeat_interval', async () => {
  start('repeat_interval: 1d');
  await dispatch(alert('a'));
  await stop();
  start('');
  await pass('1 day');
  await settled();
  expect(await reminders()).toEqual([]);
  expect(await store.query('SELECT FROM alert_group WHERE remind_at IS NOT NULL')).toEqual([]);
});

it('is part of a summary', async () => {
  start('group_by: [rule], repeat_interval: 1d', { receiver: `summary: { at: "08:00" }, ${mail}` });
  await dispatch(alert('a'));
  await pass('1 day');
  await until(async () => (await rows()).some(({ message }) => message.kind === 'summary'));
  await pass('1 day');
  await until(async () => (await reminders()).length === 1);
  expect((await reminders())[0]?.state).toBe('held');
  await pass('1 day');
  await until(async () => (await rows()).filter(({ message }) => message.kind === 'summary').length === 2);
  expect((await rows()).findLast(({ message }) => message.kind === 'summary')?.message).toMatchObject({
    title: 'Summary · 1 still there',
    sections: [{ title: 'Still there', items: [{ text: 'Still there for 2 days · a · shop/app:1' }] }],
  });
});

it('becomes one message of a flood', async () => {
  start('group_by: [rule], repeat_interval: 1d');
  for (let index = 0; index < 5; index += 1) await dispatch(alert(`r${index}`));
  await pass('1 day');
  await until(async () => (await reminders()).length === 5);
  await pass('10 minutes');
  // Before the reminders are due, or one that is looked at now would be found too early.
  await store.query(`UPDATE delivery SET finished_at = finished_at - interval '1 day' WHERE state = 'sent'`);
  await store.query(`UPDATE alert_group SET remind_at = now() - interval '1 s' WHERE remind_at IS NOT NULL`);
  for (let index = 5; index < 10; index += 1) await dispatch(alert(`r${index}`));
  await until(async () => (await reminders()).length >= 10);
  await pass('1 minute');
  await settled();
  expect((await rows()).filter(({ state }) => state === 'merged')).toHaveLength(4);
});

it('repeats the others where one cannot be evaluated', async () => {
  start('group_by: [rule], repeat_interval: 1d');
  await dispatch({ ...alert('bad'), identity: JSON.stringify(['incident', 'no id']) });
  await dispatch(alert('good'));
  await pass('1 day');
  await until(async () => (await reminders()).length === 1);
  expect((await reminders())[0]?.alerts.map(({ labels }) => labels['rule'])).toEqual(['good']);
  expect(failures.splice(0)).toEqual([expect.objectContaining({ name: 'QueryFailedError' })]);
});

it('repeats soon after a connection to PostgreSQL was lost meanwhile', async () => {
  start('repeat_interval: 1d');
  await dispatch(alert('a'));
  const holder = dataSource.createQueryRunner();
  await holder.startTransaction();
  await holder.query('LOCK TABLE notified_alert');
  await pass('1 day');
  const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  await until(async () => (await store.query(end)).length > 0);
  await holder.rollbackTransaction();
  await holder.release();
  await until(async () => (await reminders()).length === 1);
  expect(failures.splice(0)).toEqual([expect.objectContaining({ code: 'STORE_UNAVAILABLE' })]);
});

describe('findings', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const finding: Alert = {
    ...alert('CVE-1'),
    identity: JSON.stringify(['finding', 'r:5000', 'shop/app', '1', 'vulnerability/CVE-1/deb/openssl']),
  };

  /** Stores an analyzed push with a vulnerability. */
  const push = async () => {
    const [pushes, images] = [new Pushes(store), new Images(store)];
    const place = { connection: 'main', repository: 'shop/app', tag: '1' };
    const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
    const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64' };
    const build = { createdAt: null, baseCreatedAt: null, user: null };
    const [id = ''] = await store.transaction(async (tx) => pushes.add(tx, [{ ...place, ...about }]));
    const added = (await pushes.get(id))!;
    await store.transaction(async (tx) => {
      await images.add(tx, [{ ...image, ...build, labels: {}, layers: [], findings: [], configVersion: null }]);
      await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
      await pushes.analyzed(tx, id, { verdict: 'unknown', counts: countBySeverity([]), warnings: [] });
    });
    await store.query(
      `INSERT INTO package (id, purl, type, name, version, source_name, source_version, licenses)
       VALUES (1, 'pkg:deb/debian/openssl@1', 'deb', 'openssl', '1', 'openssl', '1', '{}')`,
    );
    await store.query(
      `INSERT INTO image_package (image_digest, package_id, layer, state, found_in) VALUES ($1, 1, 0, 'present', 'db')`,
      [digest],
    );
    await store.query(
      `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
       VALUES ('CVE-1', 'CVE-1', '{}', 'a hole', 'high', now(), 1)`,
    );
    await store.query(
      `INSERT INTO package_match (package_id, advisory_id, state, fix_state) VALUES (1, 'CVE-1', 'affected', 'fixed')`,
    );
    const { findings } = await new Verdicts(
      images,
      new Findings(store),
      new Provenances(store),
      parseSettings('', () => '').rules,
      agesIn(store),
    ).of(added, await images.ofPush(id), []);
    return findings[0]!.fingerprint;
  };
  const exception = 'exceptions: [ { repository: "shop/*", finding: CVE-1, reason: r, owner: o, until: 2999-01-01 } ]';

  it.each([
    ['are repeated', '', false, 1],
    ['are not repeated once an exception accepts them', exception, false, 0],
    ['are not repeated of a tag that is gone', '', true, 0],
  ])('%s', async (_, settings, isGone, count) => {
    start('repeat_interval: 1d', { settings });
    const fingerprint = await push();
    const identity = JSON.stringify(['finding', 'r:5000', 'shop/app', '1', fingerprint]);
    await dispatch({ ...finding, identity });
    if (isGone) {
      const place = { connection: 'main', repository: 'shop/app' };
      const ledger = new TagLedger(store);
      const askedAt = await ledger.now();
      await store.transaction(async (tx) => ledger.observed(tx, place, new Map([['1', null]]), { askedAt }));
    }
    await pass('1 day');
    await until(async () => (await store.query('SELECT FROM alert_group WHERE remind_at > now()')).length > 0);
    expect(await reminders()).toHaveLength(count);
  });

  it.each([
    ['are repeated of an image that runs without a tag', 'NULL', 1],
    ['are not repeated of an image without a tag that has ended', `now() - interval '2 days'`, 0],
  ])('%s', async (_, endedAt, count) => {
    start('repeat_interval: 1d');
    const fingerprint = await push();
    await dispatch({
      ...finding,
      identity: JSON.stringify(['running-finding', 'r:5000', 'shop/app', digest, fingerprint]),
    });
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, image_digest, claimed_digests, first_seen, last_seen, ended_at)
       SELECT 'c1', '', $1, '{}', now(), coalesce(ended, now()), ended FROM (SELECT (${endedAt})::timestamptz AS ended) AS given`,
      [digest],
    );
    await pass('1 day');
    await until(async () => (await store.query('SELECT FROM alert_group WHERE remind_at > now()')).length > 0);
    expect(await reminders()).toHaveLength(count);
  });
});

describe('a push that could not be analyzed', () => {
  it.each([
    ['is repeated', false, 1],
    ['is not repeated when its tag is gone', true, 0],
  ])('%s', async (_, isGone, count) => {
    start('repeat_interval: 1d');
    const place = { connection: 'main', repository: 'shop/app', tag: '1' };
    const digest = `sha256:${'a'.repeat(64)}`;
    const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
    const ledger = new TagLedger(store);
    const [id = ''] = await store.transaction(async (tx) => new Pushes(store).add(tx, [{ ...place, ...about }]));
    const answer = { digest, askedAt: await ledger.now() };
    await store.transaction(async (tx) => ledger.place(tx, { id, ...place }, digest, answer));
    await dispatch({
      ...alert('push-not-analyzed'),
      identity: JSON.stringify(['not-analyzed', 'main', 'shop/app', '1']),
    });
    const askedAt = await ledger.now();
    const gone = new Map(isGone ? [['1', null]] : []);
    await store.transaction(async (tx) => ledger.observed(tx, place, gone, { askedAt }));
    await pass('1 day');
    await until(async () => (await store.query('SELECT FROM alert_group WHERE remind_at > now()')).length > 0);
    expect(await reminders()).toHaveLength(count);
  });
});

describe('an incident', () => {
  const incident = minerIncident();
  const dispatchState = async (revision: number, isForAll = true) => {
    const identity = JSON.stringify(['incident', incident.id]);
    await store.transaction(async (tx) =>
      notifications.addState(tx, uuidv7(), {
        alert: { ...alert('miner'), identity, labels: { kind: 'incident', severity: 'critical' } },
        about: true,
        message: { ...messageOf('Critical · Miner'), kind: 'incident' },
        edition: { subject: incident.id, revision },
        change: 'updated',
        isForAll,
      }),
    );
  };
  const open = async () => {
    const incidents = new Incidents(store);
    await store.transaction((tx) => incidents.apply(tx, [{ kind: 'opened', incident }]));
  };

  it('is repeated below its message in its current state, until it is acknowledged', async () => {
    start('repeat_interval: 1d', { receiver: bot });
    await open();
    await dispatchState(1);
    await arrive();
    await dispatchState(2, false);
    await pass('1 day');
    await until(async () => (await reminders()).length === 1);
    expect((await reminders())[0]).toMatchObject({
      revision: 2,
      reply_to: expect.stringMatching(/^C0000001\//),
      message: { kind: 'incident', title: expect.stringMatching(/^High · Still open for 24 hours · Miner/) },
    });
    await store.transaction(async (tx) => new IncidentTriage().acknowledge(tx, incident.id, 'jane'));
    await pass('1 day');
    await until(async () => (await store.query('SELECT FROM alert_group WHERE remind_at > now()')).length > 0);
    expect(await reminders()).toHaveLength(1);
  });

  it('is repeated when its snooze is over', async () => {
    start('repeat_interval: 1d');
    await open();
    await dispatchState(1);
    await arrive();
    const end = new Date(Date.now() + 36 * 3_600_000);
    await store.transaction(async (tx) => new IncidentTriage().snooze(tx, incident.id, end, 'jane'));
    await pass('1 day');
    const later = `SELECT FROM alert_group WHERE remind_at BETWEEN now() + interval '35 hours' AND now() + interval '36 hours'`;
    await until(async () => (await store.query(later)).length > 0);
    expect(await reminders()).toEqual([]);
    await store.query(`UPDATE incident SET snoozed_until = now()`);
    await pass('36 hours');
    await until(async () => (await reminders()).length === 1);
  });

  it('is not repeated when it is resolved', async () => {
    start('repeat_interval: 1d');
    await open();
    await dispatchState(1);
    await store.transaction(async (tx) => new IncidentTriage().resolve(tx, incident.id, 'jane'));
    await pass('1 day');
    await until(async () => (await store.query('SELECT FROM alert_group WHERE remind_at > now()')).length > 0);
    expect(await reminders()).toEqual([]);
  });
});

function agesIn(of: Store): AdvisoryAges {
  const advisories = new Advisories(of);
  return new AdvisoryAges(of, new AdvisoryFeeds(of, advisories));
}
