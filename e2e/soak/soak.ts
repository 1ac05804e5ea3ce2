/** A steady load on a whole platform, with a burst in the middle and samples throughout. */
import { appendFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { push, smallImage, type SmallImage } from '../faults/images.ts';
import { Load, repository } from '../faults/load.ts';
import { actAsPeople } from '../faults/people.ts';
import type { FaultyPlatform } from '../faults/platform.ts';
import type { SeededRandom } from '../faults/random.ts';
import { advisoriesIn } from '../faults/suite.ts';
import type { Bombs } from './bombs.ts';
import { Fleet } from './fleet.ts';
import type { Burst, Sample, SoakRun } from './growth.ts';
import { Sampler } from './sampler.ts';

const minuteMs = 60_000;
const sampleEveryMs = 10_000;
/** The peak of a burst is short. */
const peakSampleEveryMs = 500;
const pageEveryMs = 1_000;
const alertOfEvents = 40;
const knownImages = 4;
const patienceMs = 2 * minuteMs;

export interface SoakOptions {
  /** Folder for logs and samples. */
  folder: string;
  /** Parts of it whose files are counted, by name. */
  counted: Readonly<Record<string, string>>;
  minutes: number;
  warmUpMinutes: number;
  /** Null for no burst. */
  bombs: Bombs | null;
  /** Minutes after which the memory of the burst should be back. */
  settleMinutes: number;
  webhooksPerSecond: number;
  newImagesPerSecond: number;
  eventsPerSecond: number;
}

export class Soak {
  readonly #platform: FaultyPlatform;
  readonly #random: SeededRandom;
  readonly #options: SoakOptions;
  readonly #loads: Load[] = [];
  readonly #samples: Sample[] = [];
  readonly #fleet: Fleet;
  readonly #over = new AbortController();
  #burstAnswers: number[] = [];
  #began = 0;

  constructor(platform: FaultyPlatform, random: SeededRandom, options: SoakOptions) {
    this.#platform = platform;
    this.#random = random;
    this.#options = options;
    this.#fleet = new Fleet(platform, options.eventsPerSecond, alertOfEvents);
  }

  async run(): Promise<SoakRun> {
    const platform = this.#platform;
    const { folder, counted, minutes, warmUpMinutes, settleMinutes, bombs } = this.#options;
    const images = await Promise.all(
      Array.from({ length: knownImages }, async (_, index) => smallImage(`image ${index}`)),
    );
    for (const image of images) await push(platform.registry, repository, 'base', image);
    await platform.command('advisories', 'import', advisoriesIn(folder));
    await bombs?.upload(platform);
    const sampler = await Sampler.start(platform, counted);
    this.#began = Date.now();
    const half = (minutes / 2) * minuteMs;
    const burst = bombs && { fromMs: half, settledMs: half + settleMinutes * minuteMs };
    const { signal } = this.#over;
    const senders = [
      this.#fleet.send(signal),
      this.#sendHooks(images),
      this.#readConsole(),
      this.#act(),
      this.#explode(burst),
    ];
    // A sender that fails ends the run at once.
    for (const sender of senders) sender.catch(() => this.#over.abort());
    try {
      await this.#watch(sampler, burst);
      this.#over.abort();
      await Promise.all(senders);
    } finally {
      await sampler.stop();
    }
    return {
      samples: this.#samples,
      warmUpMs: warmUpMinutes * minuteMs,
      burst,
      rules: sampler.rules,
      crashes: platform.crashes,
    };
  }

  /** Numbers of what was sent, by name. */
  sent(): Record<string, string | number> {
    const webhooks = this.#loads.flatMap((load) => load.webhooks);
    const refused = webhooks.filter(({ acceptedAtMs }) => acceptedAtMs === null).length;
    const { accepted, refused: refusedEvents } = this.#fleet;
    return {
      'webhooks of pushes': `${webhooks.length}, ${refused} not accepted`,
      'of these of new images': webhooks.filter(({ kind }) => kind === 'live').length,
      'requests of sensors': `${accepted + refusedEvents}, ${refusedEvents} not accepted`,
      'messages delivered': this.#platform.sink.received.length,
      ...(this.#burstAnswers.length > 0 && { 'answers to the bodies of the burst': this.#burstAnswers.join(', ') }),
    };
  }

  /** Takes samples until the time is over or a sender has failed. */
  async #watch(sampler: Sampler, burst: Burst | null): Promise<void> {
    const file = join(this.#options.folder, 'samples.ndjson');
    const take = (sample: Sample) => {
      this.#samples.push(sample);
      appendFileSync(file, `${JSON.stringify(sample)}\n`);
    };
    while (!this.#over.signal.aborted && this.#elapsedMs() < this.#options.minutes * minuteMs) {
      const sample = { atMs: this.#elapsedMs(), ...(await sampler.sample()) };
      take(sample);
      console.log(lineOf(sample));
      const nextMs = sample.atMs + sampleEveryMs;
      if (burst && nextMs > burst.fromMs && sample.atMs < burst.settledMs) {
        while (this.#elapsedMs() + peakSampleEveryMs < nextMs) {
          await sleep(peakSampleEveryMs);
          take({ ...sample, atMs: this.#elapsedMs(), processes: await sampler.processes(false) });
        }
      }
      await this.#until(nextMs);
    }
  }

  /** Webhooks of known images and pushes of new ones, a minute at a time. */
  async #sendHooks(images: readonly SmallImage[]): Promise<void> {
    const { webhooksPerSecond, newImagesPerSecond } = this.#options;
    const amount = {
      webhooks: Math.round(webhooksPerSecond * 60),
      pushes: Math.round(newImagesPerSecond * 60),
      events: 0,
      alerting: 0,
      loadMs: minuteMs,
    };
    for (let turn = 0; !this.#over.signal.aborted; turn += 1) {
      const load = new Load(this.#platform, images, this.#random);
      this.#loads.push(load);
      await load.send(`oak-${turn}`, amount, patienceMs, AbortSignal.abort());
    }
  }

  /** Opens the pages of the console in turn, as a wall display does. */
  async #readConsole(): Promise<void> {
    const { port } = this.#platform.instances.get('console-1')!;
    const headers = { authorization: `Bearer ${this.#platform.apiToken}` };
    for (let turn = 0; !this.#over.signal.aborted; turn += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${pages[turn % pages.length]}`, { headers });
      await answer.text();
      if (!answer.ok) throw new Error(`${answer.url} answers ${answer.status}`);
      await this.#pause(pageEveryMs);
    }
  }

  async #act(): Promise<void> {
    for (let turn = 0; !this.#over.signal.aborted; turn += 1) {
      await actAsPeople(this.#platform, `soak-${turn}`, new Date());
      await this.#pause(minuteMs);
    }
  }

  async #explode(burst: Burst | null): Promise<void> {
    const { bombs } = this.#options;
    if (!bombs || !burst) return;
    await this.#pause(burst.fromMs - this.#elapsedMs());
    if (!this.#over.signal.aborted) this.#burstAnswers = await bombs.send(this.#platform, this.#random);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#over.signal }).catch(() => undefined);
  }

  async #until(atMs: number): Promise<void> {
    await this.#pause(Math.max(0, atMs - this.#elapsedMs()));
  }

  #elapsedMs(): number {
    return Date.now() - this.#began;
  }
}

const pages = [
  'status',
  'pushes',
  'incidents',
  'deliveries',
  'images',
  'alerts',
  'workloads/findings',
  'search?q=openssl',
  'blast-radius?purl=pkg:deb/debian/openssl',
  'receivers',
  'rules',
];

function lineOf({ atMs, processes, outbox }: Sample): string {
  const memory = Object.entries(processes).map(([name, { residentMiB }]) => `${name} ${residentMiB.toFixed(0)}`);
  return `${(atMs / minuteMs).toFixed(1)} min: ${memory.join(', ')} MiB; ${outbox.unconfirmed} unconfirmed, load ${loadavg()[0]!.toFixed(1)}`;
}
