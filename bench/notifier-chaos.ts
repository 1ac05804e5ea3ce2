import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Severity } from '@tidewaiter/domain';

import { fastSink, incidentOf, type Notifier, type Rig, startRig, until } from './notifier-rig.ts';

/** How a channel treats some messages at their first try; afterwards it takes them. */
type Mood = 'takes' | 'asks to wait' | 'fails' | 'hangs' | 'cuts' | 'takes and cuts';

/** One channel for each severity, so that one in a bad mood is not all. */
const moods: Record<Severity, Mood[]> = {
  critical: ['takes'],
  high: ['takes', 'takes', 'asks to wait'],
  medium: ['takes', 'takes', 'fails'],
  low: ['takes', 'takes', 'takes', 'takes', 'takes', 'hangs'],
  negligible: ['takes', 'takes', 'cuts', 'takes and cuts'],
  unknown: ['takes'],
};
const severities = ['critical', 'high', 'medium', 'low', 'negligible'] as const;
/** Messages that meet five failures in a row make the notifier leave their channel alone for minutes. */
const patienceMs = 1_800_000;

const acts: Record<Mood, (response: ServerResponse) => void> = {
  takes: (response) => void response.end(),
  'asks to wait': (response) => void response.writeHead(429, { 'retry-after': '1' }).end(),
  fails: (response) => void response.writeHead(500).end(),
  hangs: () => undefined,
  cuts: (response) => void response.destroy(),
  'takes and cuts': (response) => void response.destroy(),
};

/** @returns whether every alert arrived, and none under two names */
export async function chaosBench(alerts: number, seed: number): Promise<boolean> {
  const random = randomOf(seed);
  const tries = new Map<string, number>();
  /** Names of the messages that were taken, by the incident that they tell of. */
  const taken = new Map<string, Set<string>>();
  let repeats = 0;
  const sink = await fastSink(({ path, id, body }, response) => {
    const attempt = (tries.get(id) ?? 0) + 1;
    tries.set(id, attempt);
    const choices = moods[path.slice(1) as Severity];
    const mood = attempt > 1 ? 'takes' : choices[Math.floor(random() * choices.length)]!;
    if (mood.startsWith('takes')) {
      const name = /Miner in (incident-\d+)/.exec(body)?.[1] ?? body;
      const ids = taken.get(name) ?? new Set();
      if (ids.has(id)) repeats += 1;
      taken.set(name, ids.add(id));
    }
    acts[mood](response);
  });
  const rig = await startRig(`
route:
  receiver: none
  routes: [ ${severities.map((severity) => `{ receiver: ${severity}, matchers: [ 'severity="${severity}"' ] }`).join(', ')} ]
receivers:
  - name: none
${severities.map((severity) => `  - { name: ${severity}, webhook_configs: [ { url: "${sink.url}/${severity}", timeout: 3s } ] }`).join('\n')}
`);
  const began = performance.now();
  const killing = new Killing(rig, await rig.startNotifier(), random);
  const killed = killing.run();
  for (let first = 0; first < alerts; first += 20) {
    const names = Array.from({ length: Math.min(20, alerts - first) }, (_, index) => first + index);
    await patiently(() =>
      rig.tell(names.map((n) => incidentOf(`incident-${n}`, { severity: severities[n % severities.length]! }))),
    );
    await sleep(100);
  }
  await killing.stop();
  await killed;
  await until(() => taken.size >= alerts, patienceMs);
  // Whatever is told twice has the time to.
  await until(async () => (await open(rig)).length === 0, patienceMs);
  await sleep(5_000);
  const lost = alerts - taken.size;
  const doubled = [...taken.values()].filter((ids) => ids.size > 1).length;
  console.log(
    `${alerts} alerts, ${killing.summary}\n  ${lost} lost, ${doubled} doubled; ${repeats} came again under the name that they had, ${((performance.now() - began) / 1_000).toFixed(0)} s`,
  );
  for (const row of await open(rig)) console.log(`  open: ${JSON.stringify(row)}`);
  await killing.notifier.kill();
  sink.stop();
  await rig.stop();
  return lost === 0 && doubled === 0;
}

/** Deliveries that have not ended well. */
async function open({ store }: Rig): Promise<object[]> {
  return patiently(() =>
    store.query<object>(
      `SELECT id, receiver, state, attempt, code, reason, next_at FROM delivery WHERE state <> 'sent' LIMIT 5`,
    ),
  );
}

/** Kills one part after the other, each as a crash, and lets it come back. */
class Killing {
  readonly #stopping = new AbortController();
  readonly #counts = new Map<string, number>();

  readonly #rig: Rig;
  readonly #random: () => number;
  notifier: Notifier;

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
      const [name, kill] = kills[Math.floor(this.#random() * kills.length)]!;
      await kill();
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
      await sleep(1_000 + this.#random() * 2_000, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
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

/** The detector, too, tries again when PostgreSQL is away; an incident that is told twice is one. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await sleep(500);
    }
  }
}

/** Numbers of which the same seed gives the same. @see https://prng.di.unimi.it/splitmix64.c, in 32 bits */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
