/**
 * Ingest and detector as separate processes, with real NATS and PostgreSQL: from the POST of a
 * sensor to the incident.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Secret } from '@tidewaiter/domain';
import { connect } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { correlations, execRecord, ruleTexts } from './detection-load.ts';

const rules = 500;
const token = 'bench';
const eventsPerPost = 100;
const nodes = 32;
/** One of so many events opens an incident of its own. */
const alarmEvery = 500;
const warmUpSeconds = 10;
const targetMs = 500;

const alarmRule = `title: Bench alarm\nid: a1a2a3a4-0000-4000-8000-000000000001\nlevel: high\nlogsource: { product: linux, category: process_creation }\ndetection: { selection: { Image: /usr/bin/bench-alarm }, condition: selection }\n`;

interface Program {
  child: ChildProcess;
  url: string;
}

async function startProgram(name: string, environment: Record<string, string>): Promise<Program> {
  const child = fork(fileURLToPath(new URL('served.ts', import.meta.url)), [name], {
    env: { ...process.env, ...environment, TIDEWAITER_HTTP_PORT: '0', TIDEWAITER_LOG_LEVEL: 'error' },
    execArgv: ['--max-semi-space-size=8'],
  });
  const [url] = (await once(child, 'message')) as [string];
  return { child, url };
}

/** Exec event that is an incident of its own: it shares no join key with another. */
function alarm(turn: number, node: string, timeMs: number): object {
  const { event } = execRecord(turn, node, timeMs, { binary: '/usr/bin/bench-alarm' });
  const { process, parent } = event['process_exec'] as Record<string, Record<string, unknown>>;
  const unique = turn.toString(16).padStart(12, '0').repeat(5);
  process!['pod'] = {
    ...(process!['pod'] as object),
    namespace: `bench-${turn}`,
    name: `pod-${turn}`,
    workload: `pod-${turn}`,
    container: {
      id: `containerd://${unique}abcd`,
      name: 'alarm',
      image: { name: `registry.example.com/alarm/${turn}:1` },
    },
  };
  process!['docker'] = unique.slice(0, 31);
  process!['exec_id'] = Buffer.from(`${node}:alarm:${turn}`).toString('base64');
  process!['parent_exec_id'] = parent!['exec_id'] = Buffer.from(`${node}:alarm-parent:${turn}`).toString('base64');
  return event;
}

/** @returns whether the target is met and no event is lost */
export async function systemBench(rate: number, seconds: number): Promise<boolean> {
  console.log(
    `\nthe whole system, ${rate} events/s for ${seconds} s on ${availableParallelism()} cores, ${rules} rules, ${correlations} correlations; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const servers = await throwAwayServers({ postgres: true, nats: true }, { fsync: true });
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  await mkdir(join(folder, 'rules'));
  await writeFile(join(folder, 'rules', 'alarm.yml'), alarmRule);
  await writeFile(
    join(folder, 'rules', 'bench.yml'),
    ruleTexts(rules)
      .map(({ text }) => text)
      .join('\n---\n'),
  );
  await writeFile(
    join(folder, 'tidewaiter.yaml'),
    `sensors: [{ name: tetragon-eu1, kind: tetragon, cluster: eu1, token: ${token} }]\n`,
  );
  const databaseUrl = await servers.postgres.createDatabase();
  const environment = {
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    TIDEWAITER_RULES: join(folder, 'rules'),
    TIDEWAITER_HOOK_RATE: '1000000',
  };
  const ingest = await startProgram('ingest', environment);
  const detector = await startProgram('detector', environment);
  await sleep(3_000);

  await load(ingest.url, rate, warmUpSeconds, 0);
  const before = await Promise.all([cpuSeconds(ingest), cpuSeconds(detector)]);
  const sent = await load(ingest.url, rate, seconds, 1e6);
  await sleep(5_000);
  const after = await Promise.all([cpuSeconds(ingest), cpuSeconds(detector)]);
  const found = await incidents(databaseUrl, sent.alarms);
  const latencies = [...found.values()].toSorted((a, b) => a - b);
  const p = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;

  const events = rate * seconds;
  console.log(
    `  accepted ${sent.accepted} of ${sent.posts} posts (${sent.events} events), incidents ${found.size} of ${sent.alarms.size}`,
  );
  console.log(
    `  event to incident  p50 ${p(0.5).toFixed(0)} ms  p95 ${p(0.95).toFixed(0)} ms  p99 ${p(0.99).toFixed(0)} ms  (target p99 < ${targetMs} ms, of which 200 ms wait for earlier events)`,
  );
  for (const [index, [name, program]] of [['ingest', ingest] as const, ['detector', detector] as const].entries()) {
    const cpu = after[index]! - before[index]!;
    console.log(
      `  ${name.padEnd(9)} ${((100 * cpu) / seconds).toFixed(0)} % of a core, ${((1e6 * cpu) / events).toFixed(1)} us an event, ${await residentMiB(program)} MiB`,
    );
  }
  for (const { child } of [detector, ingest]) {
    child.disconnect();
    await once(child, 'exit');
  }
  await servers.stop();
  await rm(folder, { recursive: true });
  return found.size === sent.alarms.size && sent.accepted === sent.posts && p(0.99) < targetMs;
}

interface Sent {
  posts: number;
  accepted: number;
  events: number;
  /** Time of each alarm, by its turn. */
  alarms: Map<number, number>;
}

/** Posts batches at a steady rate, each when it is due, regardless of the responses. */
async function load(url: string, rate: number, seconds: number, firstTurn: number): Promise<Sent> {
  const posts = Math.floor((rate * seconds) / eventsPerPost);
  const sent: Sent = { posts, accepted: 0, events: 0, alarms: new Map() };
  const began = performance.now();
  const under: Promise<unknown>[] = [];
  for (let post = 0; post < posts; post += 1) {
    const dueMs = began + (post * eventsPerPost * 1_000) / rate;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const lines: string[] = [];
    const nowMs = Date.now();
    for (let index = 0; index < eventsPerPost; index += 1) {
      const turn = firstTurn + post * eventsPerPost + index;
      const node = `worker-${post % nodes}`;
      const isAlarm = turn % alarmEvery === 7;
      if (isAlarm) sent.alarms.set(turn, nowMs);
      lines.push(JSON.stringify(isAlarm ? alarm(turn, node, nowMs) : execRecord(turn, node, nowMs).event));
    }
    sent.events += lines.length;
    under.push(
      fetch(`${url}/hooks/runtime/tetragon-eu1`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
        body: lines.join('\n'),
      })
        .then(async (answer) => answer.arrayBuffer().then(() => (sent.accepted += Number(answer.status === 202))))
        .catch(() => undefined),
    );
  }
  await Promise.all(under);
  return sent;
}

/** Delay between each alarm and its incident, by the turn of the alarm. */
async function incidents(databaseUrl: string, alarms: ReadonlyMap<number, number>): Promise<Map<number, number>> {
  const dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'bench' });
  const rows = await dataSource.query<{ namespace: string; opened_at: Date }[]>(
    'SELECT namespace, opened_at FROM incident',
  );
  await dataSource.destroy();
  const found = new Map<number, number>();
  for (const { namespace, opened_at } of rows) {
    const turn = Number(/^bench-(\d+)$/.exec(namespace ?? '')?.[1]);
    const atMs = alarms.get(turn);
    if (atMs !== undefined) found.set(turn, opened_at.getTime() - atMs);
  }
  return found;
}

async function cpuSeconds({ child }: Program): Promise<number> {
  const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function residentMiB({ child }: Program): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024);
}
