/** Runs schedules of faults against one platform, which stays up from one to the next. */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Arrival, check, type Judgment, type History, type Probe } from './check.ts';
import { push, smallImage, type SmallImage } from './images.ts';
import { type Amount, Load, repository } from './load.ts';
import { oddRepositories } from './odd-sources.ts';
import { acknowledge, actAsPeople, redriveRefused } from './people.ts';
import { fakeClock, FaultyPlatform, wrongClock } from './platform.ts';
import { provocations } from './provocations.ts';
import { SeededRandom } from './random.ts';
import { describeFault, type Fault, instances, links, replicas, type Schedule } from './schedule.ts';

/** Time in which senders are accepted after the load, and everything has ended after that. */
const patienceMs = 120_000;
/** Wait for messages that should not come. */
const settleMs = 300;
const imagesOfRun = 4;
/** Time for which a clock stays wrong. Slack's signatures are refused meanwhile, as they must. */
const wrongClockMs = 3_000;
/** Longest wait for a failpoint to be visited, which the load may not do several times. */
const firstVisitWithinMs = 15_000;
const visitWithinMs = 4_000;

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
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Messages since the last look by channel, of which the first `#read` of the sink are read. */
  #arrivals: Arrivals = emptyArrivals();
  readonly #arrived = new Set<string>();
  #read = 0;
  #readMails = 0;
  #seenPosts = 0;

  private constructor(platform: FaultyPlatform, images: SmallImage[], folder: string, random: SeededRandom) {
    this.platform = platform;
    this.#images = images;
    this.#folder = folder;
    this.#random = random;
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
   * Schedules one after the other, each a load with its faults; then rest, and a look at
   * everything. Work that a fault delays may end while the next schedule has begun.
   */
  async run(schedules: readonly Schedule[], amount: Amount): Promise<BatchOutcome> {
    const { platform } = this;
    const skipped: Fault[] = [];
    platform.crashes = [];
    this.#since = new Date();
    const began = this.#since.getTime();
    const loads: Load[] = [];
    const sending: Promise<unknown>[] = [];
    const acting: Promise<string[]>[] = [];
    for (const schedule of schedules) {
      const faulty = new AbortController();
      const load = new Load(platform, this.#images, this.#random);
      loads.push(load);
      sending.push(load.send(String(schedule.number), amount, patienceMs, faulty.signal));
      acting.push(actAsPeople(platform, String(schedule.number), this.#since));
      // An error of a sender must not end the process before it is waited for.
      for (const work of [sending.at(-1)!, acting.at(-1)!]) work.catch(() => undefined);
      await Promise.all([sleep(amount.loadMs), this.#injectAll(schedule, skipped)]);
      faulty.abort();
    }
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

  async #injectAll({ faults }: Schedule, skipped: Fault[]): Promise<void> {
    await Promise.all(
      faults.map(async (fault) => {
        await sleep(fault.atMs);
        if (!(await this.#inOrder(fault))) skipped.push(fault);
      }),
    );
  }

  /** Faults of one process follow each other, and so do those of the servers. */
  async #inOrder(fault: Fault): Promise<boolean> {
    const { kind } = fault;
    const isProxied = kind === 'latency' || kind === 'bandwidth' || kind === 'blackhole' || kind === 'cut';
    const turn = isProxied
      ? `link ${fault.target}`
      : 'target' in fault && !isServerFault(fault)
        ? fault.target
        : 'servers';
    const turns = fault.kind === 'upgrade' ? instances.filter((name) => name.startsWith(`${fault.target}-`)) : [turn];
    const before = Promise.all(turns.map(async (each) => this.#turns.get(each)));
    const done = before.then(async () => this.#inject(fault));
    for (const each of turns) this.#turns.set(each, done);
    return done;
  }

  /** Makes a fault, and ends it; false where this machine does not allow it. */
  async #inject(fault: Fault): Promise<boolean> {
    const { platform } = this;
    switch (fault.kind) {
      case 'kill':
        await platform.kill(fault.target);
        return true;
      case 'restart':
        await platform.restart(fault.target);
        return true;
      case 'stop':
        platform.signal(fault.target, 'SIGSTOP');
        await sleep(fault.forMs);
        platform.signal(fault.target, 'SIGCONT');
        return true;
      case 'failpoint': {
        const { before, during } = provocations[fault.name] ?? {};
        await before?.(platform, this.#since);
        const hasEnded = await platform.arm(fault.target, `${fault.name}:${fault.visit}:${fault.action}`);
        // Acts repeat until they succeed: a hanging process holds them until it is ended.
        const acts = Promise.resolve(during?.(platform, this.#since));
        acts.catch(() => undefined);
        const deadline = Date.now() + (fault.visit === 1 ? firstVisitWithinMs : visitWithinMs);
        while (Date.now() < deadline && !hasEnded()) await sleep(100);
        // A process that is stopped for good is ended from outside, as by an orchestrator. So is
        // one that waits for a visit, which must not act in a later schedule.
        if (hasEnded()) await platform.ready(fault.target);
        else await platform.kill(fault.target);
        await acts;
        return true;
      }
      case 'server-away':
        await platform.servers[fault.target].kill();
        await sleep(fault.forMs);
        await platform.servers[fault.target].restart();
        return true;
      case 'wipe':
        await platform.servers[fault.target].wipe();
        return true;
      case 'restore':
        return platform.restoreAfter(fault.forMs);
      case 'connection-limit':
        return this.#asSetting(fault.forMs, 'ALTER ROLE rig CONNECTION LIMIT 2', 'ALTER ROLE rig CONNECTION LIMIT -1');
      case 'read-only':
        return this.#asSetting(
          fault.forMs,
          'ALTER ROLE rig SET default_transaction_read_only = on',
          'ALTER ROLE rig RESET default_transaction_read_only',
        );
      case 'disk-full':
        if (platform.disk === null) return false;
        await platform.limitDisk(true);
        await sleep(fault.forMs);
        await platform.limitDisk(false);
        return true;
      case 'latency':
        return this.#asToxic(fault, { kind: 'latency', ms: 150 });
      case 'bandwidth':
        return this.#asToxic(fault, { kind: 'bandwidth', bytesPerSecond: 64 * 1024 });
      case 'blackhole':
        return this.#asToxic(fault, { kind: 'blackhole' });
      case 'cut':
        platform.proxies[fault.target].cut();
        return true;
      case 'clock':
        if (fakeClock === undefined) return false;
        await platform.restart(fault.target, wrongClock(fault.byMs));
        await sleep(wrongClockMs);
        await platform.restart(fault.target);
        return true;
      case 'upgrade':
        for (let number = 1; number <= replicas[fault.target]; number += 1)
          await platform.restart(`${fault.target}-${number}`);
        return true;
    }
  }

  async #asSetting(forMs: number, begin: string, end: string): Promise<true> {
    await this.platform.query(begin);
    await this.platform.disconnect();
    await sleep(forMs);
    await this.platform.query(end);
    await this.platform.disconnect();
    return true;
  }

  async #asToxic(
    { target, forMs }: Extract<Fault, { kind: 'latency' | 'bandwidth' | 'blackhole' }>,
    toxic: Parameters<FaultyPlatform['proxies'][typeof target]['set']>[0],
  ): Promise<true> {
    const proxy = this.platform.proxies[target];
    proxy.set(toxic);
    await sleep(forMs);
    proxy.set(null);
    return true;
  }

  /** Sends one more push after the last fault, and waits for its message. */
  async #probe({ number }: Schedule, load: Load, healedAtMs: number): Promise<Probe> {
    const key = `s${number}-probe`;
    await load.pushTagged(key, 'distribution');
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      if (this.#readArrivals().has(key)) return { healedAtMs, deliveredAtMs: Date.now(), load: loadavg()[0]! };
      await sleep(50);
    }
    return { healedAtMs, deliveredAtMs: null, load: loadavg()[0]! };
  }

  /** Waits until everything that was accepted has ended, or ends no more. */
  async #rest(load: Sent): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const arrived = this.#readArrivals();
      const isMissing = (key: string) => !arrived.has(key);
      const waiting =
        load.webhooks.some(
          ({ key, acceptedAtMs, messages }) => acceptedAtMs !== null && messages?.[1] !== 0 && isMissing(key),
        ) ||
        load.events.some(({ key, rule, acceptedAtMs }) => rule !== null && acceptedAtMs !== null && isMissing(key)) ||
        (await this.#areOpen(load)) ||
        (await this.platform.query(`SELECT 1 FROM delivery WHERE ${openDelivery} LIMIT 1`)).length > 0;
      if ((await this.#settleChannels(load)) && !waiting) break;
      await sleep(300);
    }
    await acknowledge(this.platform, 'reminded-');
    await Promise.all(instances.map(async (name) => this.platform.ready(name, 15_000)));
    await sleep(settleMs);
  }

  /** Whether a push has not ended. Its message may have come before a restore of PostgreSQL. */
  async #areOpen({ webhooks }: Sent): Promise<boolean> {
    const open = `SELECT 1 FROM push WHERE tag = ANY($1) AND state IN ('accepted', 'analyzing') LIMIT 1`;
    return (await this.platform.query(open, [webhooks.map(({ key }) => key)])).length > 0;
  }

  /** Reads what the channels received since the last call; returns all keys since the last look. */
  #readArrivals(): ReadonlySet<string> {
    const { sink, mail } = this.platform;
    for (; this.#read < sink.received.length; this.#read += 1) {
      const { headers, body, path } = sink.received[this.#read]!;
      const { groupLabels } = body as { groupLabels?: { tag?: string; namespace?: string } };
      const key = groupLabels?.namespace ?? groupLabels?.tag;
      if (key === undefined) continue;
      const channel = path === '/refusing' || path === '/reminded' ? path : '/';
      this.#arrivals[channel].push({ key, deliveryId: String(headers['webhook-id']) });
      if (channel === '/') this.#arrived.add(key);
    }
    for (; this.#readMails < mail.received.length; this.#readMails += 1) {
      const { messageId = '', subject = '', text = '' } = mail.received[this.#readMails]!.mail;
      const key = /\bmail-[\w-]+-\d+\b/.exec(`${subject} ${text}`)?.[0];
      if (key !== undefined) this.#arrivals.mail.push({ key, deliveryId: messageId });
    }
    return this.#arrived;
  }

  /** Whether the channels of some namespaces have everything; does what people do until then. */
  async #settleChannels({ events }: Sent): Promise<boolean> {
    const { platform } = this;
    const accepted = events.filter(({ rule, acceptedAtMs }) => rule !== null && acceptedAtMs !== null);
    const lacks = (prefix: string, arrived: readonly Arrival[], times = 1) =>
      accepted.some(
        ({ key }) => key.startsWith(prefix) && arrived.filter((arrival) => arrival.key === key).length < times,
      );
    // The first message of a channel that refuses is the refused one. It has failed again in a copy
    // of PostgreSQL from before it was sent once more.
    const isRefusedLacking =
      lacks('refusing-', this.#arrivals['/refusing'], 2) ||
      (await platform.query(`SELECT 1 FROM dead_letter WHERE code = 'WEBHOOK_REFUSED' AND redriven_at IS NULL LIMIT 1`))
        .length > 0;
    if (isRefusedLacking) await redriveRefused(platform);
    const isDenied = await this.#allowDenied();
    return (
      !isDenied &&
      !isRefusedLacking &&
      !lacks('mail-', this.#arrivals.mail) &&
      !lacks('reminded-', this.#arrivals['/reminded'], 2)
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
    const allPosts = platform.slack
      .channel('CRIG')
      .map(({ metadata, ts }) => JSON.stringify(metadata?.event_payload ?? ts));
    const news = new Set(allPosts.slice(this.#seenPosts));
    const posts = allPosts.filter((id) => news.has(id));
    this.#seenPosts = allPosts.length;
    this.#readArrivals();
    const { '/': arrivals, '/reminded': reminded, '/refusing': refusing, mail: mails } = this.#arrivals;
    const isRedriven = ({ deliveryId }: Arrival, index: number) =>
      refusing.findIndex((arrival) => arrival.deliveryId === deliveryId) < index;
    this.#arrivals = emptyArrivals();
    this.#arrived.clear();
    return {
      ...{ webhooks: load.webhooks, pushes, events: load.events, alerts, incidents, arrivals, posts, openDeliveries },
      ...{ mails, redriven: refusing.filter(isRedriven), reminded: reminded.map(({ key }) => key) },
      ...{ deadLetters, drops: await platform.drops(), notReady, moments: load.moments, probe },
      earlier: [...this.#verdicts].map(([key, before]) => ({ key, before, now: verdicts.get(key) ?? null })),
      crashes: platform.crashes,
    };
  }
}

/** Messages by the channel that got them. */
type Arrivals = Record<'/' | '/refusing' | '/reminded' | 'mail', Arrival[]>;

function emptyArrivals(): Arrivals {
  return { '/': [], '/refusing': [], '/reminded': [], mail: [] };
}

function isServerFault({ kind }: Fault): boolean {
  return kind === 'server-away' || kind === 'wipe';
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
