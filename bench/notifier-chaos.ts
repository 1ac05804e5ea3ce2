import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Severity } from '@tidewaiter/domain';

import { fastSink, incidentOf, type Notifier, type Rig, startRig } from './notifier-rig.ts';

/** Reaction of a channel to the first try of some messages; later tries succeed. */
type Mood = 'takes' | 'asks to wait' | 'fails' | 'hangs' | 'cuts' | 'takes and cuts';

/**
 * Reactions by severity, which has a channel each, so that one failing channel does not stop all.
 */
const moods: Record<Severity, Mood[]> = {
  critical: ['takes'],
  high: ['takes', 'takes', 'takes', 'takes', 'asks to wait'],
  medium: ['takes', 'takes', 'takes', 'takes', 'fails'],
  low: ['takes', 'takes', 'takes', 'takes', 'takes', 'hangs'],
  negligible: ['takes', 'takes', 'takes', 'takes', 'takes', 'takes', 'cuts', 'takes and cuts'],
  unknown: ['takes'],
};
const severities = ['critical', 'high', 'medium', 'low', 'negligible'] as const;
/**
 * Time without arrivals after which the bench gives up: longer than the ten minutes for which a
 * failing channel is paused at most.
 */
const patienceMs = 720_000;
const reportEveryMs = 10_000;

const acts: Record<Mood, (response: ServerResponse) => void> = {
  takes: (response) => void response.end(),
  'asks to wait': (response) => void response.writeHead(429, { 'retry-after': '1' }).end(),
  fails: (response) => void response.writeHead(500).end(),
  hangs: () => undefined,
  cuts: (response) => void response.destroy(),
  'takes and cuts': (response) => void response.destroy(),
};

/** @returns whether every alert arrived, and none under two message ids */
export async function chaosBench(alerts: number, seed: number, logFile?: string): Promise<boolean> {
  const random = randomOf(seed);
  const arrivals = new Arrivals();
  const sink = await fastSink(({ path, id, body }, response) => {
    const choices = moods[path.slice(1) as Severity];
    const mood = arrivals.isFirst(id) ? choices[Math.floor(random() * choices.length)]! : 'takes';
    if (mood.startsWith('takes')) arrivals.note(/Miner in (incident-\d+)/.exec(body)?.[1] ?? body, id);
    acts[mood](response);
  });
  const rig = await startRig(
    `
route:
  receiver: none
  routes: [ ${severities.map((severity) => `{ receiver: ${severity}, matchers: [ 'severity="${severity}"' ] }`).join(', ')} ]
receivers:
  - name: none
${severities.map((severity) => `  - { name: ${severity}, webhook_configs: [ { url: "${sink.url}/${severity}", timeout: 3s } ] }`).join('\n')}
`,
    logFile,
  );
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1_000).toFixed(0)} s`;
  const killing = new Killing(rig, await rig.startNotifier(), random);
  let published = 0;
  const report = setInterval(() => {
    void states(rig).then((now) =>
      console.log(`  ${seconds()}: ${published} published, ${arrivals.size} arrived; ${now}; ${killing.summary}`),
    );
  }, reportEveryMs);
  const [killed] = await Promise.allSettled([
    killing.run(),
    publishAll(rig, alerts, (count) => (published = count)).finally(() => killing.stop()),
  ]);
  if (killed.status === 'rejected') throw killed.reason;
  const isWhole = () => arrivals.size >= alerts;
  for (const since = { size: -1, at: 0 }; !isWhole() || (await unfinished(rig)).length > 0; await sleep(500)) {
    await killing.revive();
    if (arrivals.size !== since.size) Object.assign(since, { size: arrivals.size, at: performance.now() });
    if (performance.now() - since.at < patienceMs) continue;
    console.log(`  given up: nothing has arrived for ${patienceMs / 60_000} minutes`);
    break;
  }
  // Leaves time for duplicates to arrive.
  await sleep(5_000);
  clearInterval(report);
  const lost = alerts - arrivals.size;
  console.log(
    `${alerts} alerts, ${killing.summary}; ended by itself ${killing.crashes}\n  ${lost} lost, ${arrivals.doubled} doubled; ${arrivals.repeats} came again under the name that they had, ${seconds()}`,
  );
  for (const row of await unfinished(rig)) console.log(`  open: ${JSON.stringify(row)}`);
  await killing.notifier.kill();
  sink.stop();
  await rig.stop();
  return lost === 0 && arrivals.doubled === 0 && killing.crashes === 0;
}

/** Messages that the channels accepted. */
class Arrivals {
  readonly #tried = new Set<string>();
  /** Ids of the accepted messages, by the incident that they are about. */
  readonly #taken = new Map<string, Set<string>>();
  repeats = 0;

  isFirst(id: string): boolean {
    const isFirst = !this.#tried.has(id);
    this.#tried.add(id);
    return isFirst;
  }

  note(incident: string, id: string): void {
    const ids = this.#taken.get(incident) ?? new Set();
    if (ids.has(id)) this.repeats += 1;
    this.#taken.set(incident, ids.add(id));
  }

  get size(): number {
    return this.#taken.size;
  }

  get doubled(): number {
    return [...this.#taken.values()].filter((ids) => ids.size > 1).length;
  }
}

async function publishAll(rig: Rig, alerts: number, onPublished: (count: number) => void): Promise<void> {
  for (let first = 0; first < alerts; first += 20) {
    const names = Array.from({ length: Math.min(20, alerts - first) }, (_, index) => first + index);
    await patiently(() =>
      rig.publish(names.map((n) => incidentOf(`incident-${n}`, { severity: severities[n % severities.length]! }))),
    );
    onPublished(first + names.length);
    await sleep(100);
  }
}

/** Deliveries that were not sent. */
async function unfinished({ store }: Rig): Promise<object[]> {
  return patiently(() =>
    store.query<object>(
      `SELECT id, receiver, state, attempt, code, reason, next_at FROM delivery WHERE state <> 'sent' LIMIT 5`,
    ),
  );
}

/** Number of deliveries by state and error code. */
async function states({ store }: Rig): Promise<string> {
  const rows = await patiently(() =>
    store.query<{ state: string; count: number }>(
      `SELECT concat_ws(' ', state, code) AS state, count(*)::int AS count FROM delivery GROUP BY 1 ORDER BY 1`,
    ),
  );
  return rows.map(({ state, count }) => `${state} ${count}`).join(', ');
}

/** Kills one part after the other, each as a crash, and restarts it. */
class Killing {
  readonly #stopping = new AbortController();
  readonly #counts = new Map<string, number>();

  readonly #rig: Rig;
  readonly #random: () => number;
  notifier: Notifier;
  /** Number of unexpected ends of the notifier. */
  crashes = 0;

  constructor(rig: Rig, notifier: Notifier, random: () => number) {
    this.#rig = rig;
    this.notifier = notifier;
    this.#random = random;
  }

  async run(): Promise<void> {
    const kills: [string, () => Promise<void>][] = [
      ['notifier', () => this.#restart()],
      ...(['nats', 'redis', 'postgres'] as const).map((name): [string, () => Promise<void>] => [
        name,
        async () => {
          await this.#rig.servers[name].kill();
          await sleep(500);
          await this.#rig.servers[name].restart();
        },
      ]),
      ['nats, with all that it holds', () => this.#rig.servers.nats.wipe()],
      ['redis, with all that it holds', () => this.#rig.servers.redis.wipe()],
    ];
    while (!this.#stopping.signal.aborted) {
      await this.revive();
      const [name, kill] = kills[Math.floor(this.#random() * kills.length)]!;
      await kill();
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      await sleep(1_000 + this.#random() * 2_000, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Restarts an ended notifier, as a supervisor would. */
  async revive(): Promise<void> {
    if (!this.notifier.hasEnded) return;
    this.crashes += 1;
    this.notifier = await this.#rig.startNotifier();
  }

  get summary(): string {
    return `killed: ${[...this.#counts].map(([name, count]) => `${name} ${count}`).join('; ')}`;
  }

  async #restart(): Promise<void> {
    await this.notifier.kill();
    await sleep(300);
    this.notifier = await this.#rig.startNotifier();
  }
}

/** Retries like the detector when PostgreSQL is down; repeating an incident is idempotent. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(500);
    }
  }
}

/**
 * Pseudorandom numbers, reproducible by seed. @see https://prng.di.unimi.it/splitmix64.c, in 32
 * bits
 */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
