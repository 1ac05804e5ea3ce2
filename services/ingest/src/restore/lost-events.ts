import { Injectable } from '@nestjs/common';
import { DatabaseMirror } from '@tidewaiter/bus';
import {
  consumersOf,
  type DataOf,
  pipelineReported,
  registryDeleted,
  registryPushed,
  streams,
} from '@tidewaiter/events';
import {
  type DatabaseState,
  Pushes,
  Received,
  RestoredEvents,
  type RestoreReport,
  type Transaction,
  type TypedEvent,
} from '@tidewaiter/store';

import { RecentFacts } from './recent-facts.js';

/** Clocks of NATS and PostgreSQL may differ, and events are published after their commit. */
const marginMs = 10 * 60_000;
/** Younger than the rows of handled events in the outbox, which are deleted after three days. */
const maxAgeMs = 71 * 3_600_000;
/** Events that are looked at for one that the database lacks: it lacks the last ones. */
const lookedAt = 500;

/** Facts from outside: everything else follows from them again. */
const replayed = [registryPushed, registryDeleted, pipelineReported] as const;
/** Events that follow from them, and that consumers act on. */
const derived = streams
  .filter(({ events }) => events.includes(registryPushed))
  .flatMap(({ events }) => events)
  .filter((type) => !replayed.some((each) => each === type) && consumersOf(type.type).length > 0);

/** Events that NATS or this process still has and a restored database has not. */
@Injectable()
export class LostEvents {
  constructor(
    private readonly mirror: DatabaseMirror,
    private readonly events: RestoredEvents,
    private readonly pushes: Pushes,
    private readonly received: Received,
    private readonly recent: RecentFacts,
  ) {}

  /**
   * Whether there are some after the last heartbeat of the database, or shortly before: in NATS, or
   * committed by this process and not published yet.
   */
  async areThere(tx: Transaction, { beatenAt, restore }: DatabaseState): Promise<boolean> {
    // Earlier losses were recognized then.
    const since = Math.max(beatenAt.getTime() - marginMs, restore ? Date.parse(restore.recognizedAt) : 0);
    const isLacking = async (events: readonly TypedEvent[]) => {
      const recent = events.filter(({ event }) => Date.parse(event.time) > since);
      return (await this.events.missing(tx, recent)).length > 0;
    };
    if (await isLacking(this.recent.events)) return true;
    for await (const batch of this.mirror.newest([...replayed, ...derived], lookedAt))
      if (await isLacking(batch)) return true;
    return false;
  }

  /**
   * Puts back what registries reported since a copy of the database was made, and lets the detector
   * read its partitions again.
   * @param copyOf last heartbeat of the copy; null for another database
   */
  async putBack(tx: Transaction, copyOf: Date | null): Promise<RestoreReport> {
    const oldest = new Date(Date.now() - maxAgeMs);
    const since = new Date(Math.max(copyOf ? copyOf.getTime() - marginMs : 0, oldest.getTime()));
    const counts = { pushes: 0, deletions: 0, lostReports: 0 };
    const count = (events: readonly TypedEvent[]) => {
      counts.pushes += dataOf(events, registryPushed).length;
      counts.deletions += dataOf(events, registryDeleted).length;
      counts.lostReports += dataOf(events, pipelineReported).length;
    };
    for await (const batch of this.mirror.events(replayed, since)) count(await this.#putBack(tx, batch));
    count(await this.#putBack(tx, this.recent.events));
    for await (const batch of this.mirror.events(derived, since))
      await this.events.leaveOut(tx, await this.events.missing(tx, batch));
    await this.events.publishAgain(tx);
    await this.events.restartDetectors(tx, copyOf ?? oldest);
    const completeSince = await this.mirror.completeSince(registryPushed);
    return {
      recognizedAt: new Date().toISOString(),
      copyOf: (copyOf ?? oldest).toISOString(),
      ...counts,
      gapUntil: completeSince > (copyOf ?? oldest) ? completeSince.toISOString() : null,
    };
  }

  /**
   * Puts back what this process has committed and not published, after another process has
   * recognized the restore.
   */
  async putBackOwn(tx: Transaction): Promise<void> {
    await this.#putBack(tx, this.recent.events);
  }

  /** Puts back what the database lacks, except reports; returns all that it lacks. */
  async #putBack(tx: Transaction, events: readonly TypedEvent[]): Promise<TypedEvent[]> {
    const missing = await this.#unrepeated(tx, await this.events.missing(tx, events));
    const pushed = dataOf(missing, registryPushed);
    await this.pushes.putBack(
      tx,
      pushed.map(({ data, at }) => rowOf(data, at)),
    );
    await this.events.putBack(
      tx,
      missing.filter(({ type }) => type !== pipelineReported),
    );
    return missing;
  }

  /**
   * Records the webhooks of events, and returns the events without those that came again since the
   * restore, by their webhook or by a comparison with the registry: another event stands for them.
   */
  async #unrepeated(tx: Transaction, events: readonly TypedEvent[]): Promise<TypedEvent[]> {
    const hooked = events.flatMap((event) => {
      const hook = hookOf(event);
      return hook ? [{ event, hook }] : [];
    });
    const isFirst = await this.received.remember(
      tx,
      hooked.map(({ hook }) => hook),
    );
    const again = await this.pushes.foundAgain(
      tx,
      events.flatMap((event) =>
        dataOf([event], registryPushed)
          .map(({ data, at }) => ({ event, ...rowOf(data, at) }))
          .filter(({ origin }) => origin !== 'hook'),
      ),
    );
    const repeated = new Set([...hooked.filter((_, index) => !isFirst[index]), ...again].map(({ event }) => event));
    await this.events.leaveOut(tx, [...repeated]);
    return events.filter((event) => !repeated.has(event));
  }
}

/** Key of the webhook that reported an event; null without one. */
function hookOf(event: TypedEvent) {
  const [data] = [...dataOf([event], registryPushed), ...dataOf([event], registryDeleted)];
  return data?.data.hook ?? null;
}

function dataOf<Type extends (typeof replayed)[number]>(
  events: readonly TypedEvent[],
  type: Type,
): { data: DataOf<Type>; at: string }[] {
  return events.flatMap(({ event, type: { type: name } }) => {
    const { data, success } = type.data.safeParse(event.data);
    return name === type.type && success ? [{ data: data as DataOf<Type>, at: event.time }] : [];
  });
}

/** Row of a push as ingest or reconciliation wrote it. */
function rowOf({ pushId, digest, announced, ...place }: DataOf<typeof registryPushed>, receivedAt: string) {
  const { connection, repository, tag } = place;
  const unknown = { artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null, origin: 'hook' } as const;
  return { id: pushId, connection, repository, tag, claimedDigest: digest, ...(announced ?? unknown), receivedAt };
}
