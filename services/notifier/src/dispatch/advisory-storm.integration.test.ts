import { Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { findingMessage, type FindingReport, type Message } from '@tidewaiter/messages';
import { channelReaders, slackBlocks } from '@tidewaiter/receivers';
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
  NotificationLog,
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
  Verdicts,
} from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from '../delivery/channels.js';
import { findingSubjects, narrowedTo } from '../subjects/finding-alerts.js';
import { PushFindings } from '../subjects/push-findings.js';
import { PushReports } from '../subjects/push-reports.js';
import { CurrentMessages } from './current-messages.js';
import { Dispatcher } from './dispatcher.js';
import { GroupFlusher } from './group-flusher.js';
import { MuteState } from './mute-state.js';
import { ReminderRecheck } from './reminder-recheck.js';
import { SummaryNotes } from './summary-notes.js';

const consoleUrl = 'https://t.example';
const routingFile = `
route:
  receiver: security
  group_by: [repository, tag]
  routes:
    - { matchers: [owner = "team-shop"], receiver: shop, continue: true }
    - { matchers: [repository =~ ".*"], receiver: security }
receivers:
  - name: security
    slack_configs: [ { api_url: "https://hook.example/" } ]
    webhook_configs: [ { url: "https://machine.example/" } ]
  - { name: shop, slack_configs: [ { api_url: "https://hook.example/shop" } ] }
`;

/**
 * Log4j and its three follow-ups in some images, of which one in ten is of the shop and the first
 * two run.
 */
function log4jFamily(images: number): FindingReport[] {
  const places = Array.from({ length: images }, (_, index) => ({
    registry: 'registry.example.com',
    repository: index % 10 === 0 ? `shop/app-${index}` : `bank/app-${index % 7}`,
    tag: `v${index}`,
    isTagged: true,
    digest: `sha256:${String(index).padStart(64, '0')}`,
    packageName: 'org.apache.logging.log4j:log4j-core',
    packageType: 'maven',
    installedVersion: '2.14.1',
    match: 'affected' as const,
    running: index < 2,
    workloads: [],
    owner: index % 10 === 0 ? 'team-shop' : null,
  }));
  const vulnerabilities = [
    ['CVE-2021-44832', 'medium', '2.17.1'],
    ['CVE-2021-45105', 'high', '2.17.0'],
    ['CVE-2021-45046', 'critical', '2.16.0'],
    ['CVE-2021-44228', 'critical', '2.15.0'],
  ] as const;
  return vulnerabilities.map(([id, severity, version]) => ({
    ...{ kind: 'vulnerability', id, advisoryId: `GHSA-${id}`, title: `Hole ${id}`, severity },
    ...{ status: 'opened', reason: 'advisory', at: '2026-11-25T10:00:00Z' },
    exploitation: { kev: id === 'CVE-2021-44228', epss: null },
    places: places.map((place) => ({ ...place, fix: { state: 'fixed', version } })),
  }));
}

describe('an advisory storm', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;
  let deliveries: Deliveries;
  let notifications: Dispatcher;
  let startFlushing: () => void;
  let flushing: Repetition | undefined;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
    store = new Store(dataSource, 'test');
    deliveries = new Deliveries(store);
    const routing = parseRouting(routingFile, { channels: channelReaders, readFile: () => '' });
    const channels = new Channels(routing, new Egress({ allow: [] }), consoleUrl, 1);
    const [alerts, groups] = [new FiringAlerts(store), new AlertGroups(store)];
    const quiet = new MuteState(routing.inhibitRules, new SilenceLedger(store), alerts);
    const [log, history] = [new NotificationLog(store), new AlertHistory(store)];
    notifications = new Dispatcher(channels, deliveries, groups, alerts, quiet, log, history);
    const notebook = new SummaryNotes([], new ChannelHealths(store), new SensorContacts(store));
    const logger = { warn: (fields: unknown) => console.error(fields) } as unknown as Logger;
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
    startFlushing = () => void (flushing = startEvery(flusher, logger));
  });

  afterAll(async () => {
    await flushing?.stop();
    await dataSource?.destroy();
    await servers.stop();
  });

  const occasion = () => ({ eventId: uuidv7(), cause: ['finding', uuidv7()] as const });

  async function announce(report: FindingReport): Promise<void> {
    const wording = {
      isNews: () => report.status === 'opened',
      isGathered: true as const,
      message: (group: Parameters<typeof narrowedTo>[1]) => findingMessage([narrowedTo(report, group)], { consoleUrl }),
    };
    await store.transaction(async (tx) => notifications.add(tx, occasion(), findingSubjects(report), wording));
  }

  async function sent(channel: string): Promise<{ receiver: string; message: Message; alerts: number }[]> {
    const { items } = await deliveries.list({ limit: 200 });
    const pending = items.filter((each) => each.channel === channel && each.state === 'pending');
    return Promise.all(
      pending.map(async ({ id, receiver }) => {
        const delivery = (await deliveries.get<Message>(id))!;
        return { receiver, message: delivery.message, alerts: delivery.alerts.length };
      }),
    );
  }

  it('is one message for each channel of people, with the images of its routes alone', async () => {
    for (const report of log4jFamily(30)) await announce(report);
    expect(await sent('slack')).toEqual([]);
    // Not before: on a slow machine the first ones would be due before the last.
    startFlushing();
    while ((await sent('slack')).length < 2) await new Promise((done) => setTimeout(done, 100));
    const messages = Object.fromEntries((await sent('slack')).map((each) => [each.receiver, each]));
    expect(messages['security']).toMatchObject({ alerts: 120 });
    expect(messages['security']!.message.title).toBe(
      'Critical · CVE-2021-44228 (exploited), CVE-2021-45046 and 2 more in org.apache.logging.log4j:log4j-core: 30 images, 2 running',
    );
    expect(messages['shop']).toMatchObject({ alerts: 12 });
    expect(messages['shop']!.message.title).toMatch(/: 3 images, 1 running$/);
    expect(JSON.stringify(messages['shop']!.message)).not.toContain('bank/');
    expect(messages['shop']!.message.sections.at(-1)!.items.map(({ text }) => text)).toEqual([
      'registry.example.com/shop/app-0:v0',
      'registry.example.com/shop/app-10:v10',
      'registry.example.com/shop/app-20:v20',
    ]);
  }, 60_000);

  it('keeps the groups of the route for programs, so that a push with the fix resolves its own', async () => {
    const { items } = await deliveries.list({ limit: 200 });
    const groups = items.filter(({ channel }) => channel === 'webhook').map(({ groupKey }) => groupKey);
    expect(groups).toHaveLength(120);
    expect(new Set(groups).size).toBe(30);
  });

  it('keeps within the limits of Slack for 200 images and hostile names', () => {
    const reports = log4jFamily(200).map((report) => ({
      ...report,
      title: '<!channel> *x*'.repeat(100),
      places: report.places.map((place, index) => ({ ...place, repository: `${'a'.repeat(240)}/${index}<@U1>` })),
    }));
    const blocks = slackBlocks(findingMessage(reports, { consoleUrl })) as { text?: { text: string; type: string } }[];
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const { text } of blocks) expect(text?.text.length ?? 0).toBeLessThanOrEqual(3_000);
  });
});
