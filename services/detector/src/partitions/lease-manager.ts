import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { Every, Health, Logger, failpoint } from '@tidewaiter/runtime';
import { type DetectorLease, DetectorLeases } from '@tidewaiter/store';
import { v7 as uuidv7 } from 'uuid';

import { rebalance } from './rebalance.js';

/** Part of the work while this replica holds its lease. */
export interface LeasedWorker {
  /** Ends it and stores its state, for the next holder of the lease. */
  stop(): Promise<void>;
  /** Ends it at once: another replica holds the lease by now. */
  kill(): void;
}

/** Part of the work that one replica at a time does, under a lease. */
export interface LeasedWork {
  /** Names of its leases. */
  names: readonly string[];
  /**
   * Continues where the last holder ended. The worker calls `lost` when another replica turns out
   * to hold the lease.
   */
  begin(lease: DetectorLease, lost: () => void): Promise<LeasedWorker>;
}

/** Time after which the leases of a replica that crashed expire. */
const leaseMs = 6_000;
const renewMs = 2_000;
/** Time for which a lease may be free: a replica that starts takes it within seconds. */
const maxFreeMs = 60_000;

/** Distributes the detector's leases over its replicas as replicas start and stop. */
@Injectable()
export class LeaseManager implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #replica = uuidv7();
  readonly #held = new Map<string, { lease: DetectorLease; worker: LeasedWorker }>();
  readonly #kinds = new Map<string, LeasedWork>();
  #rounds: Promise<void> = Promise.resolve();
  #isLeaving = false;
  #forgetCalls: (() => void) | undefined;
  /** Leases without a worker, with the time since when. */
  #free = new Map<string, number>();

  constructor(
    private readonly bus: Bus,
    private readonly leases: DetectorLeases,
    private readonly log: Logger,
    health: Health,
  ) {
    health.add('leases', async () => {
      const tooLong = performance.now() - maxFreeMs;
      const unread = [...this.#free].flatMap(([name, since]) => (since < tooLong ? [name] : []));
      return unread.length > 0 ? `${unread.join(', ')} had no worker for more than a minute` : undefined;
    });
  }

  /** Registers work; call it before the application starts. */
  add(kind: LeasedWork): void {
    for (const name of kind.names) this.#kinds.set(name, kind);
  }

  get held(): number {
    return this.#held.size;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.leases.define([...this.#kinds.keys()]);
    this.#forgetCalls = this.bus.onCall('leases', () => void this.renew().catch(() => undefined));
  }

  /** Stops while bus and store are still connected. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#isLeaving = true;
    this.#forgetCalls?.();
    await this.#rounds;
    await Promise.all([...this.#held.keys()].map(async (name) => this.#release(name)));
    await this.leases.leave(this.#replica).catch(() => undefined);
    this.bus.call('leases');
  }

  /** Runs one round at a time, however often it is called. */
  @Every(renewMs)
  async renew(): Promise<void> {
    const round = this.#rounds.then(async () => (this.#isLeaving ? undefined : this.#round()));
    this.#rounds = round.catch(() => undefined);
    return round;
  }

  async #round(): Promise<void> {
    const working = [...this.#held.values()].map(({ lease }) => lease);
    const shares = await this.leases.renew(this.#replica, leaseMs, working);
    const mine = new Set(shares.mine);
    for (const [name, { worker }] of this.#held) {
      if (mine.has(name)) continue;
      this.log.warn({ lease: name }, 'lease lost');
      this.#held.delete(name);
      worker.kill();
    }
    const { release, take } = rebalance(shares, this.#kinds.size);
    await Promise.all(release.map(async (name) => this.#release(name)));
    if (release.length > 0) this.bus.call('leases');
    await this.#takeSome(shares.free, take);
    const now = performance.now();
    const left = shares.free.filter((name) => !this.#held.has(name));
    this.#free = new Map(left.map((name) => [name, this.#free.get(name) ?? now]));
  }

  /** Acquires `count` of the free leases; other replicas may acquire some first. */
  async #takeSome(free: readonly string[], count: number): Promise<void> {
    let acquired = 0;
    for (const name of free) {
      if (acquired === count || this.#isLeaving) return;
      const kind = this.#kinds.get(name);
      const lease = kind && (await this.leases.take(name, this.#replica, leaseMs));
      if (!lease) continue;
      failpoint('lease.taken');
      acquired += 1;
      await this.#begin(name, kind, lease);
    }
  }

  async #begin(name: string, kind: LeasedWork, lease: DetectorLease): Promise<void> {
    try {
      const lost = () => {
        if (this.#held.get(name)?.lease === lease) this.#held.delete(name);
      };
      this.#held.set(name, { lease, worker: await kind.begin(lease, lost) });
    } catch (err) {
      this.log.error({ lease: name, err }, 'lease start failed');
      await this.leases.release(lease);
    }
  }

  async #release(name: string): Promise<void> {
    const entry = this.#held.get(name);
    this.#held.delete(name);
    await entry?.worker.stop().catch((err: unknown) => this.log.error({ lease: name, err }, 'lease handover failed'));
    failpoint('lease.handed-over');
    if (entry) await this.leases.release(entry.lease);
  }
}
