import { setTimeout as sleep } from 'node:timers/promises';

import { slackSink } from '@tidewaiter/testkit';

import { fastSink, incidentOf, startRig, until } from './notifier-rig.ts';

export interface Sizes {
  incidents: number;
  groups: number;
}

const perSecond = 5;
const timedIncidents = 100;
const latencyTargetMs = 1_000;
const channels = 10;
const deliveriesTarget = 1_000;
const memoryTargetMiB = 300;
const dueGroups = 2_000;
const patienceMs = 300_000;

/**
 * Latency from the commit of an incident to the request at Slack, for incidents at a steady pace.
 */
export async function latencyBench(): Promise<boolean> {
  const slack = await slackSink();
  const rig = await startRig(`
route: { receiver: team }
receivers: [ { name: team, slack_configs: [ { app_token: xoxb-1, app_url: "${slack.apiUrl}/chat.postMessage", channel: C0000001 } ] } ]
`);
  const notifier = await rig.startNotifier();
  const began: number[] = [];
  const arrived: number[] = [];
  const watch = setInterval(() => {
    for (const { text } of slack.received.slice(arrived.filter(Boolean).length)) {
      const index = Number(/Miner in incident-(\d+)/.exec(text)?.[1]);
      arrived[index] ??= performance.now();
    }
  }, 2);
  for (let index = 0; index < timedIncidents; index += 1) {
    began[index] = performance.now();
    await rig.publish([incidentOf(`incident-${index}`)]);
    await sleep(1_000 / perSecond);
  }
  const isWhole = await until(() => slack.received.length >= timedIncidents, 30_000);
  clearInterval(watch);
  // The first incidents warm the program up and do not count.
  const latencies = began.map((at, index) => (arrived[index] ?? Infinity) - at).slice(timedIncidents / 5);
  const p = percentiles(latencies);
  console.log(
    `incident to Slack, ${perSecond}/s   p50 ${p(50).toFixed(0)} ms  p95 ${p(95).toFixed(0)} ms  max ${p(100).toFixed(0)} ms  (target p95 < ${latencyTargetMs} ms)`,
  );
  await notifier.stop();
  await Promise.all([slack.stop(), rig.stop()]);
  return isWhole && p(95) < latencyTargetMs;
}

/** CPU time of the notifier for each incident from its event on, and for each message. */
export async function throughputBench({ incidents }: Sizes): Promise<boolean> {
  const one = await timed(incidents, 1);
  const many = await timed(Math.ceil(incidents / channels), channels);
  const perDelivery = (many.cpuSeconds - (one.cpuSeconds * many.events) / one.events) / (many.deliveries - many.events);
  console.log(
    `  a delivery alone                     ${(perDelivery * 1e6).toFixed(0)} us of CPU, ${Math.round(1 / perDelivery)}/s of CPU  (target ${deliveriesTarget}/s)`,
  );
  return 1 / perDelivery >= deliveriesTarget;
}

async function timed(
  incidents: number,
  perIncident: number,
): Promise<{ cpuSeconds: number; events: number; deliveries: number }> {
  const expected = incidents * perIncident;
  const taken = new Map<string, number>();
  const sink = await fastSink(({ id }, response) => {
    taken.set(id, (taken.get(id) ?? 0) + 1);
    response.end();
  });
  const rig = await startRig(`
route: { receiver: machines }
receivers: [ { name: machines, webhook_configs: [ ${Array.from({ length: perIncident }, (_, index) => `{ url: "${sink.url}/${index}" }`).join(', ')} ] } ]
`);
  const notifier = await rig.startNotifier();
  await rig.publish(Array.from({ length: 20 }, (_, index) => incidentOf(`warm-${index}`)));
  await until(() => taken.size === 20 * perIncident, 60_000);
  taken.clear();
  const [cpuBefore, began] = [notifier.cpuSeconds, performance.now()];
  for (let first = 0; first < incidents; first += 100) {
    const count = Math.min(100, incidents - first);
    await rig.publish(Array.from({ length: count }, (_, index) => incidentOf(`incident-${first + index}`)));
  }
  const isWhole = await until(() => taken.size >= expected, patienceMs);
  const seconds = (performance.now() - began) / 1_000;
  // Writes after the last response count too.
  await until(
    async () => (await rig.store.query(`SELECT FROM delivery WHERE state <> 'sent' LIMIT 1`)).length === 0,
    30_000,
  );
  const cpuSeconds = notifier.cpuSeconds - cpuBefore;
  console.log(
    `${String(incidents).padStart(6)} incidents, ${String(perIncident).padStart(2)} webhooks each  ${taken.size} deliveries in ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s: ${Math.round(taken.size / cpuSeconds)}/s of CPU, ${Math.round(taken.size / seconds)}/s; peak ${notifier.memoryMiB.peak.toFixed(0)} MiB${isWhole ? '' : '  NOT WHOLE'}`,
  );
  await notifier.stop();
  sink.stop();
  await rig.stop();
  return { cpuSeconds, events: incidents, deliveries: taken.size };
}

/**
 * Groups with one message each, held for half a day, and their alerts, which inhibition rules look
 * up.
 */
export async function groupsBench({ groups }: Sizes): Promise<boolean> {
  const rig = await startRig(`
route: { receiver: none, routes: [ { receiver: machines, group_by: [repository], group_wait: 12h, mute_time_intervals: [always] } ] }
time_intervals: [ { name: always, time_intervals: [ { days_of_month: ['1:31'] } ] } ]
inhibit_rules: [ { source_matchers: [ 'severity="critical"' ], target_matchers: [ 'severity="low"' ], equal: [repository] } ]
receivers: [ { name: none }, { name: machines, webhook_configs: [ { url: "http://127.0.0.1:9" } ] } ]
`);
  await rig.store.query(
    `INSERT INTO alert (identity_hash, labels, status, starts_at, changed_at)
     SELECT sha256(n::text::bytea), jsonb_build_object('kind', 'vulnerability', 'severity', 'critical', 'repository', 'team/app-' || n, 'tag', '1.' || n,
       'rule', 'CVE-2026-' || n % 5000, 'package', 'package-' || n % 2000, 'new', 'true'), 'firing', now(), now()
     FROM generate_series(1, $1) AS n`,
    [groups],
  );
  await rig.store.query(
    `INSERT INTO alert_group (key, due_at) SELECT 'machines' || chr(10) || n, now() + interval '12 hours' FROM generate_series(1, $1) AS n`,
    [groups],
  );
  // The first groups become due while the program runs.
  await rig.store.query(
    `INSERT INTO delivery (id, event_id, receiver, channel, integration, route, group_key, group_labels, alerts, message, state, held_for)
     SELECT gen_random_uuid(), gen_random_uuid(), 'machines', 'webhook', 0, 'route.routes[0]', n::text, jsonb_build_object('repository', 'team/app-' || n),
       jsonb_build_array(jsonb_build_object('identity', n::text, 'labels', jsonb_build_object('kind', 'vulnerability', 'severity', 'critical',
         'repository', 'team/app-' || n, 'rule', 'CVE-2026-' || n % 5000), 'annotations', '{}'::jsonb, 'status', 'firing', 'startsAt', now(), 'endsAt', null)),
       $2::jsonb, 'held', 'machines' || chr(10) || n FROM generate_series(1, $1) AS n`,
    [groups, JSON.stringify(heldMessage)],
  );
  const idle = await rig.startNotifier();
  const empty = idle.memoryMiB;
  // The first message makes the notifier load the firing alerts.
  await rig.publish([incidentOf('incident')]);
  await until(async () => (await rig.store.query('SELECT FROM delivery')).length > 0, 60_000);
  await sleep(10_000);
  const { now, peak } = idle.memoryMiB;
  console.log(
    `${groups.toLocaleString('en')} open groups          ${now.toFixed(0)} MiB, at most ${peak.toFixed(0)} MiB (${empty.now.toFixed(0)} MiB at its start)  (target < ${memoryTargetMiB} MiB)`,
  );
  const { cpuSeconds } = idle;
  await rig.store.query(`UPDATE alert_group SET due_at = now() WHERE key IN (SELECT key FROM alert_group LIMIT $1)`, [
    dueGroups,
  ]);
  const began = performance.now();
  await until(
    async () => (await rig.store.query(`SELECT FROM alert_group WHERE due_at <= now() LIMIT 1`)).length === 0,
    patienceMs,
  );
  const [cpu, wall] = [idle.cpuSeconds - cpuSeconds, (performance.now() - began) / 1_000];
  console.log(
    `${dueGroups.toLocaleString('en')} of them due, and muted  ${Math.round(dueGroups / cpu)}/s of CPU, ${Math.round(dueGroups / wall)}/s`,
  );
  await idle.stop();
  await rig.stop();
  return peak < memoryTargetMiB;
}

/** Message of a push with a few findings. */
const heldMessage = {
  kind: 'push',
  status: 'firing',
  severity: 'critical',
  title: 'Critical · team/app:1 has 3 new findings, 1 critical',
  summary: 'Pushed by ci at 2026-11-25 01:02 UTC. Two of them are closed by an upgrade that is there.',
  facts: Array.from({ length: 6 }, (_, index) => ({ title: `Fact ${index}`, text: 'something that is good to know' })),
  sections: [
    {
      title: 'New',
      items: Array.from({ length: 5 }, (_, index) => ({
        severity: 'critical',
        text: `CVE-2026-${1_000 + index} in package-${index} 1.2.3`,
        detail: 'fixed in 1.2.4, known to be exploited, in the base image',
      })),
    },
  ],
  links: [{ title: 'Open in Tidewaiter', url: 'https://tidewaiter.example.com/pushes/1' }],
  footer: 'route › team',
};

function percentiles(values: readonly number[]): (share: number) => number {
  const sorted = values.toSorted((a, b) => a - b);
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * share) / 100))] ?? NaN;
}
