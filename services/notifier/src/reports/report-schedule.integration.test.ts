import { type Alert, Secret, Unavailable } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { Message } from '@tidewaiter/messages';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { parseSettings } from '@tidewaiter/runtime';
import { connect, Deliveries, ReportRuns, Store, type Unfixed, UnfixedFindings } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { Channels } from '../delivery/channels.js';
import { ReportAttachments } from './report-attachments.js';
import { ReportContents } from './report-contents.js';
import { ReportMaker } from './report-maker.js';
import { ReportSchedule } from './report-schedule.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

const routing = parseRouting(
  `route: { receiver: team }
receivers:
  - name: team
    email_configs: [ { to: a@b.example, from: c@d.example, smarthost: "m:25" } ]
    slack_configs: [ { api_url: "https://hook.example/" } ]
  - name: empty`,
  { channels: channelReaders, readFile: () => '' },
);
const found: Unfixed = {
  // After all times of these tests.
  asOf: new Date('2100-01-01T00:00:00Z'),
  total: 1,
  groups: [
    {
      ...{ name: 'shop/cart', counts: { critical: 1 }, fixable: 1, oldest: 30, overdue: 1 },
      rows: [
        {
          ...{
            owner: null,
            repository: 'shop/cart',
            vulnerability: 'CVE-2026-1',
            severity: 'critical',
            kev: false,
            epss: null,
          },
          ...{ package: 'openssl', installed: ['3.0.2'], fix: '3.0.14', images: 1, running: null },
          ...{ since: '2026-10-31T12:00:00.000Z', days: 30, limitDays: 15 },
        },
      ],
    },
  ],
};

type Read = UnfixedFindings['of'];

/** A replica of the notifier, with its own look at the vulnerabilities. */
function replica(reports: string, read: Read = async () => found): { look: (now: string) => Promise<void> } {
  const settings = parseSettings(`reports:\n${reports}`, () => '');
  const channels = new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1);
  const runs = new ReportRuns(store);
  const contents = new ReportContents(settings, store, { of: read } as UnfixedFindings);
  const schedule = new ReportSchedule(
    settings,
    runs,
    new ReportMaker(store, runs, contents, channels, new Deliveries(store)),
  );
  return { look: async (now) => schedule.makeDue(undefined, Date.parse(now)) };
}

interface Row {
  id: string;
  channel: string;
  alerts: Alert[];
  message: Message;
}
const deliveries = async () => store.query<Row>('SELECT id, channel, alerts, message FROM delivery ORDER BY number');
const jobs = async () => store.query(`SELECT key FROM job WHERE queue = 'delivery'`);

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

const weekly = '  - { name: unfixed, schedule: weekly, receiver: team }';

describe('ReportSchedule', () => {
  it('sends nothing for the period in which a report is first seen, and one message a channel for each later one', async () => {
    const { look } = replica(weekly);
    await look('2026-11-29T12:00Z');
    expect(await deliveries()).toEqual([]);
    await look('2026-11-30T08:00Z');
    await look('2026-11-30T08:00:05Z');
    await look('2026-12-06T23:59Z');
    expect((await deliveries()).map(({ channel }) => channel).toSorted()).toEqual(['email', 'slack']);
    expect(await jobs()).toHaveLength(2);
    // Three weeks without a notifier are one report.
    await look('2026-12-28T09:00Z');
    expect(await deliveries()).toHaveLength(4);
  });

  it('sends once however many replicas look at once, and whatever they were started with', async () => {
    const replicas = Array.from({ length: 4 }, () => replica(weekly));
    await replicas[0]!.look('2026-11-29T12:00Z');
    await Promise.all(replicas.map(async ({ look }) => look('2026-11-30T08:00Z')));
    await replica(weekly).look('2026-11-30T08:01Z');
    expect(await deliveries()).toHaveLength(2);
  });

  it('tries again after an end in the middle, and sends what is then known', async () => {
    await replica(weekly).look('2026-11-29T12:00Z');
    const dying = replica(weekly, async () => Promise.reject(new Unavailable('STORE_UNAVAILABLE', 'gone')));
    await expect(dying.look('2026-11-30T08:00Z')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await deliveries()).toEqual([]);
    await replica(weekly).look('2026-11-30T08:00:05Z');
    expect(await deliveries()).toHaveLength(2);
  });

  it('goes on after a report that cannot be made', async () => {
    const both = `${weekly}\n  - { name: other, schedule: weekly, receiver: team }`;
    await replica(both).look('2026-11-29T12:00Z');
    let calls = 0;
    const half = replica(both, async () => ((calls += 1) === 1 ? Promise.reject(new TypeError('a bug')) : found));
    await half.look('2026-11-30T08:00Z');
    expect(await deliveries()).toHaveLength(2);
    expect((await new ReportRuns(store).list()).map(({ problem }) => problem)).toEqual(
      expect.arrayContaining([null, 'it could not be made: TypeError']),
    );
  });

  it('notes that a receiver has no channel, and forgets orders of a deleted report', async () => {
    const nowhere = '  - { name: unfixed, schedule: weekly, receiver: empty }';
    await replica(nowhere).look('2026-11-29T12:00Z');
    await replica(nowhere).look('2026-11-30T08:00Z');
    const [run] = await new ReportRuns(store).list();
    expect(run).toMatchObject({ state: 'made', problem: 'the routing has no channel of the receiver empty' });
    await store.transaction(async (tx) => new ReportRuns(store).request(tx, 'deleted', 'ana'));
    await replica(nowhere).look('2026-11-30T08:01Z');
    // The settings may follow.
    expect(await new ReportRuns(store).list()).toHaveLength(2);
    await store.query(`UPDATE report_run SET created_at = created_at - interval '61 seconds'`);
    await replica(nowhere).look('2026-11-30T08:02Z');
    expect(await new ReportRuns(store).list()).toHaveLength(1);
    expect(await deliveries()).toEqual([]);
  });

  it('sends a requested report out of turn, beside that of the period', async () => {
    const { look } = replica(weekly);
    await look('2026-11-29T12:00Z');
    await store.transaction(async (tx) => new ReportRuns(store).request(tx, 'unfixed', 'ana'));
    await look('2026-11-29T12:01Z');
    await look('2026-11-30T08:00Z');
    expect(await deliveries()).toHaveLength(4);
  });

  it('begins anew with another schedule, and does not send its past time', async () => {
    await replica(weekly).look('2026-11-29T12:00Z');
    const daily = weekly.replace('weekly', 'daily');
    await replica(daily).look('2026-11-29T12:01Z');
    expect(await deliveries()).toEqual([]);
    await replica(daily).look('2026-11-30T08:00Z');
    expect(await deliveries()).toHaveLength(2);
  });

  it('reads with the rights of the report alone', async () => {
    const seen: boolean[] = [];
    const read: Read = async () => {
      seen.push(store.isDecided && store.isLimited);
      return found;
    };
    const limited = `${weekly.replace(' }', ', repositories: [shop/*] }')}\n  - { name: whole, schedule: weekly, receiver: team }`;
    await replica(limited, read).look('2026-11-29T12:00Z');
    await replica(limited, read).look('2026-11-30T08:00Z');
    expect(seen).toEqual([true, false]);
    const [mail] = await deliveries();
    expect(mail!.message.facts).toContainEqual({ label: 'Limited to', value: 'repositories shop/*' });
  });

  it('links the report, and attaches its CSV to mails alone', async () => {
    await replica(weekly).look('2026-11-29T12:00Z');
    await replica(weekly).look('2026-11-30T08:00Z');
    const [{ alerts, message } = { alerts: [], message: null }] = await deliveries();
    const run = alerts[0]!.labels['run'];
    expect(message).toMatchObject({
      title: 'Report unfixed · 1 unfixed finding in 1 repository',
      links: [{ url: `https://t.example/report/${run}` }, { url: `https://t.example/api/v1/report-runs/${run}/csv` }],
    });
    const attachments = new ReportAttachments(new ReportRuns(store));
    const [file] = await attachments.of('email', alerts);
    expect(file).toMatchObject({
      name: expect.stringMatching(/^unfixed-\d{4}-\d\d-\d\d\.csv$/),
      mediaType: 'text/csv',
    });
    expect(file!.content.toString().split('\r\n')[1]).toContain('shop/cart,CVE-2026-1,critical');
    expect(await attachments.of('slack', alerts)).toEqual([]);
    expect(await attachments.of('email', [{ ...alerts[0]!, labels: { kind: 'push' } }])).toEqual([]);
  });
});
