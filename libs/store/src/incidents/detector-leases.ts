import { Injectable } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';

import { Store, type Transaction } from '../core/store.js';

/**
 * Lease of this process on a part of the detector's work, valid until another replica takes it with
 * a new token.
 */
export interface DetectorLease {
  name: string;
  token: string;
  /** Commits of its holders that this process knows of: a restored database has fewer. */
  commits: number;
  /** Holders that crashed in a row since the last snapshot. */
  crashes: number;
  /** Position of the message that the last of them was evaluating, if it recorded it. */
  attempting: number | null;
  /** Holders in a row that crashed at that message. */
  attempts: number;
}

/** Distribution of the leases, as one replica sees it. */
export interface LeaseShares {
  /** Running replicas, this one included. */
  replicas: number;
  /** Names of the leases that this replica holds. */
  mine: string[];
  /** Names of the leases that are free or expired. */
  free: string[];
}

/** State as of a position, from which the following messages are replayed. */
export interface DetectorSnapshot {
  /** Name of the codec that can read `state`. */
  format: string;
  /** Life of the stream that the position is in; null if it is in none. */
  life: string | null;
  position: number;
  state: Uint8Array;
}

/** Leases of the detector's replicas on the parts of its work, with the snapshot of each part. */
@Injectable()
export class DetectorLeases {
  constructor(private readonly store: Store) {}

  /** Creates missing leases. */
  async define(names: readonly string[]): Promise<void> {
    await this.store.query(
      'INSERT INTO detector_lease (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING',
      [names],
    );
  }

  /**
   * Sends the heartbeat of a replica and renews its leases, for `leaseMs` from now.
   * @param working leases that the replica works under; others that name it are released, as the
   * answer to their taking or release was lost, and so are those of which a restored database lacks
   * commits, so that the next holder makes them again
   */
  async renew(replica: string, leaseMs: number, working: readonly DetectorLease[]): Promise<LeaseShares> {
    return this.store.transaction(async (tx) => {
      await tx.query('DELETE FROM detector_replica WHERE alive_until < now()');
      await tx.query(
        `INSERT INTO detector_replica (id, alive_until) VALUES ($1, now() + $2 * interval '1 millisecond')
         ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until`,
        [replica, leaseMs],
      );
      // Locks rows in one order, so that two replicas that renew and take at once cannot deadlock.
      await tx.query(
        `UPDATE detector_lease SET held_until = now() + $2 * interval '1 millisecond',
           holder = CASE WHEN working.commits <= detector_lease.commits THEN holder END
         FROM (SELECT name FROM detector_lease WHERE holder = $1 ORDER BY name FOR UPDATE) AS held
           LEFT JOIN unnest($3::text[], $4::bigint[]) AS working (name, commits) USING (name)
         WHERE detector_lease.name = held.name`,
        [replica, leaseMs, working.map(({ name }) => name), working.map(({ commits }) => commits)],
      );
      const [counted] = await tx.aggregate<{ replicas: number }>(
        'SELECT count(*)::int AS replicas FROM detector_replica',
      );
      const leases = await tx.aggregate<{ name: string; isMine: boolean }>(
        `SELECT name, holder IS NOT DISTINCT FROM $1 AS "isMine" FROM detector_lease
         WHERE holder = $1 OR holder IS NULL OR held_until < now() ORDER BY name`,
        [replica],
      );
      const named = (isMine: boolean) => leases.filter((lease) => lease.isMine === isMine).map(({ name }) => name);
      return { replicas: counted?.replicas ?? 1, mine: named(true), free: named(false) };
    });
  }

  /** Takes a free or expired lease; null when another replica was faster. */
  async take(name: string, replica: string, leaseMs: number): Promise<DetectorLease | null> {
    const [lease] = await this.store.aggregate<DetectorLease>(
      `UPDATE detector_lease SET holder = $2, token = token + 1, held_until = now() + $3 * interval '1 millisecond',
         crashes = crashes + (holder IS NOT NULL)::int
       WHERE name = $1 AND (holder IS NULL OR held_until < now())
       RETURNING name, token, commits::float AS commits, crashes, attempting::float AS attempting, attempts`,
      [name, replica, leaseMs],
    );
    return lease ?? null;
  }

  /** Releases a lease, so that another replica need not wait for its expiry. */
  async release({ name, token }: DetectorLease): Promise<void> {
    await this.store.query(
      'UPDATE detector_lease SET holder = NULL, attempting = NULL WHERE name = $1 AND token = $2',
      [name, token],
    );
  }

  /** Removes a replica that stops. */
  async leave(replica: string): Promise<void> {
    await this.store.query('DELETE FROM detector_replica WHERE id = $1', [replica]);
  }

  /**
   * Lets a transaction commit only while its lease is held, and counts it; no replica can take the
   * lease before the transaction ends. Returns `commits` of the lease for after the commit.
   * @throws Unavailable `LEASE_LOST`; `MEMORY_OUTDATED` when the database was restored and lacks
   * commits of this holder
   */
  async hold(tx: Transaction, lease: DetectorLease): Promise<number> {
    const commits = await this.#count(tx, lease);
    if (commits <= lease.commits) throw memoryOutdated(lease.name);
    return commits;
  }

  /** Number of commits of the holders of a lease, with which the state that is read next agrees. */
  async commits(name: string): Promise<number> {
    const [lease] = await this.store.aggregate<{ commits: number }>(
      'SELECT commits::float AS commits FROM detector_lease WHERE name = $1',
      [name],
    );
    return lease?.commits ?? 0;
  }

  /**
   * As {@link hold}, for a holder that builds on what it has read; returns the next number of
   * commits.
   * @param commits the number that it read or made last
   * @throws Unavailable `LEASE_LOST`; `MEMORY_OUTDATED` when the database has another number
   */
  async holdInStep(tx: Transaction, lease: DetectorLease, commits: number): Promise<number> {
    const next = await this.#count(tx, lease);
    if (next !== commits + 1) throw memoryOutdated(lease.name);
    return next;
  }

  /**
   * Records the position of the message that is evaluated next, so that after a crash the next
   * holder knows it.
   * @param position null when none is being evaluated
   * @param attempts holders in a row that evaluated it, this one included
   */
  async attempt({ name, token }: DetectorLease, position: number | null, attempts: number): Promise<void> {
    await this.store.query('UPDATE detector_lease SET attempting = $3, attempts = $4 WHERE name = $1 AND token = $2', [
      name,
      token,
      position,
      attempts,
    ]);
  }

  /** Replaces the snapshot of a lease. @throws Unavailable `LEASE_LOST` */
  async keep(tx: Transaction, lease: DetectorLease, snapshot: DetectorSnapshot): Promise<void> {
    const { name, token } = lease;
    const held = await tx.query(
      'UPDATE detector_lease SET crashes = 0, attempting = NULL WHERE name = $1 AND token = $2 RETURNING name',
      [name, token],
    );
    if (held.length === 0) throw leaseLost(name);
    const { format, life, position, state } = snapshot;
    await tx.query(
      `INSERT INTO detector_snapshot (name, format, life, position, state) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (name) DO UPDATE SET format = excluded.format, life = excluded.life, position = excluded.position,
         state = excluded.state, taken_at = now()`,
      [name, format, life, position, Buffer.from(state)],
    );
  }

  /**
   * Positions in the stream up to which the snapshots cover the partitions, by the number of the
   * partition, and the time of PostgreSQL at which they were read.
   */
  async partitionPlaces(): Promise<Map<number, { life: string; sequence: number; readAt: Date }>> {
    const places = await this.store.aggregate<{ partition: number; life: string; sequence: number; readAt: Date }>(
      `SELECT split_part(name, '/', 2)::int AS partition, life, position::float AS sequence, clock_timestamp() AS "readAt"
       FROM detector_snapshot WHERE name LIKE 'partition/%' AND life IS NOT NULL`,
    );
    return new Map(places.map(({ partition, ...place }) => [partition, place]));
  }

  /** The last snapshot of a lease. */
  async snapshot(name: string): Promise<DetectorSnapshot | null> {
    const [snapshot] = await this.store.aggregate<DetectorSnapshot>(
      'SELECT format, life, position::float AS position, state FROM detector_snapshot WHERE name = $1',
      [name],
    );
    return snapshot ?? null;
  }

  async #count(tx: Transaction, { name, token }: DetectorLease): Promise<number> {
    const [held] = await tx.aggregate<{ commits: number }>(
      `UPDATE detector_lease SET commits = commits + 1 WHERE name = $1 AND token = $2 RETURNING commits::float AS commits`,
      [name, token],
    );
    if (!held) throw leaseLost(name);
    return held.commits;
  }
}

function leaseLost(name: string): Unavailable {
  return new Unavailable('LEASE_LOST', `${name} is held by another replica`);
}

function memoryOutdated(name: string): Unavailable {
  return new Unavailable('MEMORY_OUTDATED', `the database has another state of ${name} than this process`);
}
