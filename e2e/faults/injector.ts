/** Makes the faults of schedules. */
import { setTimeout as sleep } from 'node:timers/promises';

import { fakeClock, wrongClock } from './clock.ts';
import { limitDisk } from './disk.ts';
import type { FaultyPlatform } from './platform.ts';
import { provocations } from './provocations.ts';
import { type Fault, instances, replicas, type Schedule } from './schedule.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** Time for which a clock stays wrong. Slack's signatures are refused meanwhile, as they must. */
const wrongClockMs = 3_000;
/** Longest wait for a failpoint to be visited, which the load may not do several times. */
const firstVisitWithinMs = 15_000;
const visitWithinMs = 4_000;

export class Injector {
  readonly #platform: FaultyPlatform;
  /** Last fault of each process, link, and of the servers. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(platform: FaultyPlatform) {
    this.#platform = platform;
  }

  /**
   * Makes all faults of a schedule, each at its time or when the one before it has ended.
   * @param since beginning of the schedules that are checked together
   * @returns faults that this machine does not allow
   */
  async injectAll({ faults }: Schedule, since: Date): Promise<Fault[]> {
    const isAllowed = await Promise.all(
      faults.map(async (fault) => {
        await sleep(fault.atMs);
        return this.#inOrder(fault, since);
      }),
    );
    return faults.filter((_, index) => !isAllowed[index]);
  }

  /** Faults of one process follow each other, and so do those of the servers. */
  async #inOrder(fault: Fault, since: Date): Promise<boolean> {
    const { kind } = fault;
    const isProxied = kind === 'latency' || kind === 'bandwidth' || kind === 'blackhole' || kind === 'cut';
    const turn = isProxied
      ? `link ${fault.target}`
      : 'target' in fault && !isServerFault(fault)
        ? fault.target
        : 'servers';
    const turns = fault.kind === 'upgrade' ? instances.filter((name) => name.startsWith(`${fault.target}-`)) : [turn];
    const before = Promise.all(turns.map(async (each) => this.#turns.get(each)));
    const done = before.then(async () => this.#inject(fault, since));
    for (const each of turns) this.#turns.set(each, done);
    return done;
  }

  /** Makes a fault, and ends it; false where this machine does not allow it. */
  async #inject(fault: Fault, since: Date): Promise<boolean> {
    const platform = this.#platform;
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
        await before?.(platform, since);
        const hasEnded = await platform.arm(fault.target, `${fault.name}:${fault.visit}:${fault.action}`);
        // Acts repeat until they succeed: a hanging process holds them until it is ended.
        const acts = Promise.resolve(during?.(platform, since));
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
        await limitDisk(platform.disk, true);
        await sleep(fault.forMs);
        await limitDisk(platform.disk, false);
        await platform.reviveServers();
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
    await this.#platform.query(begin);
    await this.#platform.disconnect();
    await sleep(forMs);
    await this.#platform.query(end);
    await this.#platform.disconnect();
    return true;
  }

  async #asToxic(
    { target, forMs }: Extract<Fault, { kind: 'latency' | 'bandwidth' | 'blackhole' }>,
    toxic: Parameters<TcpProxy['set']>[0],
  ): Promise<true> {
    const proxy = this.#platform.proxies[target];
    proxy.set(toxic);
    await sleep(forMs);
    proxy.set(null);
    return true;
  }
}

function isServerFault({ kind }: Fault): boolean {
  return kind === 'server-away' || kind === 'wipe';
}
