/** Runs schedules of faults against one platform, which stays up from one to the next. */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Arrivals } from './arrivals.ts';
import { batches } from './batches.ts';
import { type Arrival, check, type Judgment, type History, type Probe } from './check.ts';
import { push, smallImage, type SmallImage } from './images.ts';
import { Injector } from './injector.ts';
import { type Amount, Load, repository } from './load.ts';
import { oddRepositories } from './odd-sources.ts';
import { acknowledge, actAsPeople, redriveRefused } from './people.ts';
import { FaultyPlatform } from './platform.ts';
import { SeededRandom } from './random.ts';
import { describeFault, type Fault, instances, links, type Schedule } from './schedule.ts';

/**
 * Time in which senders are accepted after the load, and everything has ended after that. A tag
 * without a webhook counts as missed a minute after it was seen: in the second comparison, perhaps.
 */
const patienceMs = 300_000;
/** On a busy machine the last push waits behind all others; its time is in the record. */
const probeMs = 300_000;
/** Wait for messages that should not come. */
const settleMs = 300;
const imagesOfRun = 4;

/** BatchOutcome of schedules that were checked together. */
export interface BatchOutcome {
  schedules: Schedule[];
  findings: Judgment;
  /** Faults that this machine does not allow. */
  skipped: Fault[];
  webhooks: number;
  events: number;
  loadMs: number;
  drainMs: number;
  historyFile: string | null;
}

/** Requests of the senders of several schedules, and their view of ingest. */
type Sent = Pick<History, 'webhooks' | 'events' | 'moments'>;

export class Suite {
  readonly platform: FaultyPlatform;
  readonly #images: SmallImage[];
  readonly #folder: string;
  readonly #random: SeededRandom;
  /** Verdicts of the pushes of earlier schedules. */
  readonly #verdicts = new Map<string, string | null>();
  /** Beginning of the schedules that are checked together. */
  #since = new Date();
  readonly #injector: Injector;
  readonly #arrivals: Arrivals;

  private constructor(platform: FaultyPlatform, images: SmallImage[], folder: string, random: SeededRandom) {
    this.platform = platform;
    this.#images = images;
    this.#folder = folder;
    this.#random = random;
    this.#injector = new Injector(platform);
    this.#arrivals = new Arrivals(platform);
  }

  static async start(folder: string, seed: number): Promise<Suite> {
    const random = new SeededRandom(seed);
    const platform = await FaultyPlatform.start({ folder, random });
    const images = await Promise.all(
      Array.from({ length: imagesOfRun }, async (_, index) => smallImage(`image ${index}`)),
    );
    for (const image of images) await push(platform.registry, repository, 'base', image);
    await platform.command('advisories', 'import', advisoriesIn(folder));
    await platform.compareFirst();
    return new Suite(platform, images, folder, random);
  }

  /**
   * Schedules in groups of `atOnce`, each a load with its faults; then rest, and a look at
   * everything. Work that a fault delays may end while the next schedule has begun.
   */
  async run(schedules: readonly Schedule[], amount: Amount, atOnce = 1): Promise<BatchOutcome> {
    const { platform } = this;
    const skipped: Fault[] = [];
    platform.crashes = [];
    this.#since = new Date();
    const began = this.#since.getTime();
    const loads: Load[] = [];
    const sending: Promise<unknown>[] = [];
    const acting: Promise<string[]>[] = [];
    const begin = async (schedule: Schedule) => {
      const faulty = new AbortController();
      const load = new Load(platform, this.#images, this.#random);
      loads.push(load);
      const sent = load.send(String(schedule.number), amount, patienceMs, faulty.signal);
      const acted = actAsPeople(platform, String(schedule.number), this.#since);
      sending.push(sent);
      acting.push(acted);
      // An error of a sender must not end the process before it is waited for.
      for (const work of [sent, acted]) work.catch(() => undefined);
      const [unable] = await Promise.all([this.#injector.injectAll(schedule, this.#since), sleep(amount.loadMs)]);
      skipped.push(...unable);
      faulty.abort();
    };
    for (const group of batches(schedules, atOnce)) await Promise.all(group.map(begin));
    for (const link of links) platform.proxies[link].set(null);
    const probing = this.#probe(schedules.at(-1)!, loads.at(-1)!, Date.now());
    const [probe, undone] = await Promise.all([probing, Promise.all(acting), Promise.all(sending)]);
    const loadedAtMs = Date.now();
    const sent = {
      webhooks: loads.flatMap(({ webhooks }) => webhooks),
      events: loads.flatMap(({ events }) => events),
      moments: loads.flatMap(({ moments }) => moments).toSorted((a, b) => a.atMs - b.atMs),
    };
    await this.#rest(sent);
    const history = { ...(await this.#history(sent, probe)), undone: undone.flat() };
    const findings = check(history);
    const name = schedules.map(({ number }) => number).join('-');
    const historyFile = findings.violations.length === 0 ? null : join(this.#folder, `schedule-${name}.json`);
    if (historyFile !== null) writeFileSync(historyFile, JSON.stringify({ schedules, findings, history }, null, 1));
    for (const { key, verdict } of history.pushes) this.#verdicts.set(key, verdict);
    return {
      schedules: [...schedules],
      findings,
      skipped,
      webhooks: sent.webhooks.length,
      events: sent.events.length,
      loadMs: loadedAtMs - began,
      drainMs: Date.now() - loadedAtMs,
      historyFile,
    };
  }

  async stop(): Promise<void> {
    await this.platform.stop();
  }

  /** Sends one more push after the last fault, and waits for its message. */
  async #probe({ number }: Schedule, load: Load, healedAtMs: number): Promise<Probe> {
    const key = `s${number}-probe`;
    await load.pushTagged(key, 'distribution');
    const deadline = Date.now() + probeMs;
    while (Date.now() < deadline) {
      if (this.#arrivals.read().has(key)) return { healedAtMs, deliveredAtMs: Date.now(), load: loadavg()[0]! };
      await sleep(50);
    }
    return { healedAtMs, deliveredAtMs: null, load: loadavg()[0]! };
  }

  /** Waits until everything that was accepted has ended, and every process is ready. */
  async #rest(sent: Sent): Promise<void> {
    await this.#untilEnded(sent);
    await acknowledge(this.platform, 'reminded-');
    await Promise.all(instances.map(async (name) => this.platform.ready(name, 15_000)));
    await sleep(settleMs);
    // Acknowledgements make messages, too.
    await this.#untilEnded(sent);
  }

  /** Waits until everything that was accepted has ended, or nothing more ends. */
  async #untilEnded(sent: Sent): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    let deadline = 0;
    while (true) {
      const left = await this.#left(sent);
      if (left < least) deadline = Date.now() + patienceMs;
      least = Math.min(least, left);
      if (((await this.#settleChannels(sent)) && left === 0) || Date.now() > deadline) break;
      await sleep(300);
    }
  }

  /** Number of messages that have not come, and of pushes and deliveries that have not ended. */
  async #left({ webhooks, events }: Sent): Promise<number> {
    const arrived = this.#arrivals.read();
    const isMissing = ({ key, acceptedAtMs }: { key: string; acceptedAtMs: number | null }) =>
      acceptedAtMs !== null && !arrived.has(key);
    const missing = [
      ...webhooks.filter(({ messages }) => messages?.[1] !== 0),
      ...events.filter(({ rule }) => rule !== null),
    ].filter(isMissing);
    // A push may be open whose message came before a restore of PostgreSQL.
    const [open] = await this.platform.query<{ count: number }>(
      `SELECT ((SELECT count(*) FROM push WHERE tag = ANY($1) AND state IN ('accepted', 'analyzing'))
         + (SELECT count(*) FROM delivery WHERE ${openDelivery}))::int AS count`,
      [webhooks.map(({ key }) => key)],
    );
    return missing.length + open!.count;
  }

  /** Whether the channels of some namespaces have everything; does what people do until then. */
  async #settleChannels({ events }: Sent): Promise<boolean> {
    const { platform } = this;
    const { messages } = this.#arrivals;
    const accepted = events.filter(({ rule, acceptedAtMs }) => rule !== null && acceptedAtMs !== null);
    const lacks = (prefix: string, arrived: readonly Arrival[], times = 1) =>
      accepted.some(
        ({ key }) => key.startsWith(prefix) && arrived.filter((arrival) => arrival.key === key).length < times,
      );
    // The first message of a channel that refuses is the refused one. It has failed again in a copy
    // of PostgreSQL from before it was sent once more.
    const isRefusedLacking =
      lacks('refusing-', messages['/refusing'], 2) ||
      (await platform.query(`SELECT 1 FROM dead_letter WHERE code = 'WEBHOOK_REFUSED' AND redriven_at IS NULL LIMIT 1`))
        .length > 0;
    if (isRefusedLacking) await redriveRefused(platform);
    const isDenied = await this.#allowDenied();
    return (
      !isDenied && !isRefusedLacking && !lacks('mail-', messages.mail) && !lacks('reminded-', messages['/reminded'], 2)
    );
  }

  /**
   * Repairs what a registry denied, as its operator does, and tries it again; whether a push still
   * waits for that.
   */
  async #allowDenied(): Promise<boolean> {
    const { platform } = this;
    const denied = await platform.query(`SELECT 1 FROM push WHERE repository = $1 AND state <> 'analyzed' LIMIT 1`, [
      oddRepositories.denied,
    ]);
    if (denied.length === 0) return false;
    const letters = await platform.query<{ id: string; tag: string }>(
      `SELECT dead_letter.id, tag FROM dead_letter JOIN job ON job.id = job_id JOIN push ON push.id::text = job.key
       WHERE push.state = 'dead-lettered' AND push.repository = $1 AND redriven_at IS NULL`,
      [oddRepositories.denied],
    );
    if (letters.length === 0) return true;
    for (const { tag } of letters) platform.odd.allow(tag);
    const command = ['dead-letters', 'redrive', ...letters.map(({ id }) => id)];
    const point = 'dead-letters.redriven';
    // A letter may have gone with a restored database.
    if (platform.killedAt.has(point)) await platform.command(...command).catch(() => undefined);
    else await platform.killCommand(point, ...command);
    return true;
  }

  async #history(load: Sent, probe: Probe): Promise<Omit<History, 'undone'>> {
    const { platform } = this;
    const keys = [...load.webhooks.map(({ key }) => key), ...load.events.map(({ key }) => key)];
    const pushes = await platform.query<History['pushes'][number]>(
      'SELECT tag AS key, id, digest, state, code, verdict FROM push WHERE tag = ANY($1)',
      [keys],
    );
    const incidents = await platform.query<History['incidents'][number]>(
      `SELECT namespace AS key, id, merged_into IS NOT NULL AS "isMerged" FROM incident WHERE namespace = ANY($1)`,
      [keys],
    );
    const alerts = await platform.query<History['alerts'][number]>(
      `SELECT namespace AS key, rule, detection_alert.id, incident_id AS "incidentId"
       FROM detection_alert JOIN incident ON incident.id = incident_id WHERE namespace = ANY($1)`,
      [keys],
    );
    const openDeliveries = await platform.query<History['openDeliveries'][number]>(
      `SELECT id, state FROM delivery WHERE ${openDelivery} LIMIT 20`,
    );
    const deadLetters = await platform.query<History['deadLetters'][number]>(
      `SELECT id, stage, subject, code, reason FROM dead_letter WHERE redriven_at IS NULL
         AND subject NOT LIKE '%${oddRepositories.sealed}%' AND code <> 'EVENT_MALFORMED'`,
    );
    await platform.query('DELETE FROM dead_letter');
    const now = await platform.query<{ key: string; verdict: string | null }>(
      'SELECT tag AS key, verdict FROM push WHERE tag = ANY($1)',
      [[...this.#verdicts.keys()]],
    );
    const verdicts = new Map(now.map(({ key, verdict }) => [key, verdict]));
    const notReady: History['notReady'] = [];
    for (const instance of instances) {
      const problems = await platform.readiness(instance);
      if (problems !== '') notReady.push({ instance, problems });
    }
    return {
      ...{ webhooks: load.webhooks, pushes, events: load.events, alerts, incidents, openDeliveries, deadLetters },
      ...{ drops: await platform.drops(), notReady, moments: load.moments, probe },
      ...this.#arrivals.take(),
      earlier: [...this.#verdicts].map(([key, before]) => ({ key, before, now: verdicts.get(key) ?? null })),
      crashes: platform.crashes,
    };
  }
}

const openDelivery = `state NOT IN ('sent', 'failed', 'merged', 'superseded', 'suppressed', 'dropped')`;

export function advisoriesIn(folder: string): string {
  const time = '2026-01-02T03:04:05Z';
  const file = join(folder, 'CVE-2026-1001.json');
  const record = {
    schema_version: '1.7.0',
    id: 'CVE-2026-1001',
    modified: time,
    published: time,
    summary: 'a hole in openssl',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [
      {
        package: { ecosystem: 'Debian:13', name: 'openssl' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.17-1' }] }],
      },
    ],
  };
  writeFileSync(file, JSON.stringify(record));
  return file;
}

/** A schedule as a line: `#12: kill scanner-2 at 1.2 s; wipe nats at 2.0 s`. */
export function describeSchedule({ number, faults }: Schedule): string {
  return `#${number}: ${faults.map(describeFault).join('; ') || 'no fault'}`;
}
