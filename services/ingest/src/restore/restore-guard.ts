import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DatabaseMirror } from '@tidewaiter/bus';
import {
  consumersOf,
  type DataOf,
  pipelineReported,
  registryDeleted,
  registryPushed,
  streams,
} from '@tidewaiter/events';
import { Every, failpoint, Logger } from '@tidewaiter/runtime';
import {
  DatabaseLife,
  Pushes,
  Received,
  type RestoredCopy,
  type RestoreReport,
  type StreamedEvent,
  type Transaction,
} from '@tidewaiter/store';

const beatEveryMs = 2_000;
/** Time and interval of the first attempts: the connections are made in the background. */
const patienceMs = 2_000;
const knockEveryMs = 100;
/** Clocks of NATS and PostgreSQL may differ, and events are published after their commit. */
const marginMs = 10 * 60_000;
/** Younger than the rows of handled events in the outbox, which are deleted after three days. */
const maxAgeMs = 71 * 3_600_000;

/** Facts from outside: everything else follows from them again. */
const replayed = [registryPushed, registryDeleted, pipelineReported] as const;
/** Events that follow from them, and that consumers act on. */
const derived = streams
  .filter(({ events }) => events.includes(registryPushed))
  .flatMap(({ events }) => events)
  .filter((type) => !replayed.some((each) => each === type) && consumersOf(type.type).length > 0);

/**
 * Recognizes a PostgreSQL that was restored from an older copy: its heartbeat is behind the one in
 * NATS. What registries reported since the copy was made is put back from the streams, and the
 * detector reads its partitions again.
 */
@Injectable()
export class RestoreGuard implements OnModuleInit {
  constructor(
    private readonly mirror: DatabaseMirror,
    private readonly life: DatabaseLife,
    private readonly pushes: Pushes,
    private readonly received: Received,
    private readonly log: Logger,
  ) {}

  /** Before any hook is taken, unless NATS or PostgreSQL is away: then a later heartbeat does it. */
  async onModuleInit(): Promise<void> {
    for (const began = performance.now(); performance.now() - began < patienceMs; await sleep(knockEveryMs)) {
      const isDone = await this.beat().then(
        () => true,
        () => false,
      );
      if (isDone) return;
    }
  }

  @Every(beatEveryMs)
  async beat(): Promise<void> {
    // Without NATS there is no beat: a copy that is restored meanwhile must stay behind.
    const mirrored = await this.mirror.read();
    const beat = await this.life.beat(mirrored, async (tx, copy) => this.#recover(tx, copy, mirrored?.id ?? copy.id));
    failpoint('database.beaten');
    await this.mirror.write(beat);
  }

  async #recover(tx: Transaction, copy: RestoredCopy, mirroredId: string): Promise<RestoreReport> {
    const oldest = new Date(Date.now() - maxAgeMs);
    const copyOf = mirroredId === copy.id ? copy.beatenAt : oldest;
    this.log.error({ copyOf, isOtherDatabase: mirroredId !== copy.id }, 'database restored from an older copy');
    const since = new Date(Math.max(copyOf.getTime() - marginMs, oldest.getTime()));
    const counts = { pushes: 0, deletions: 0, lostReports: 0 };
    for await (const batch of this.mirror.events(replayed, since)) {
      const missing = await this.#unrepeated(tx, await this.life.missing(tx, batch));
      const of = <Type extends (typeof replayed)[number]>(type: Type) => dataOf(missing, type);
      const pushed = of(registryPushed);
      const deleted = of(registryDeleted);
      await this.pushes.putBack(
        tx,
        pushed.map(({ data, at }) => rowOf(data, at)),
      );
      await this.life.putBack(
        tx,
        missing.filter(({ type }) => type !== pipelineReported),
      );
      counts.pushes += pushed.length;
      counts.deletions += deleted.length;
      counts.lostReports += of(pipelineReported).length;
    }
    for await (const batch of this.mirror.events(derived, since))
      await this.life.leaveOut(tx, await this.life.missing(tx, batch));
    await this.life.restartDetectors(tx, copyOf);
    const completeSince = await this.mirror.completeSince(registryPushed);
    const report = {
      recognizedAt: new Date().toISOString(),
      copyOf: copyOf.toISOString(),
      ...counts,
      gapUntil: completeSince > copyOf ? completeSince.toISOString() : null,
    };
    this.log.error({ ...report }, 'events since the copy put back');
    return report;
  }

  /**
   * Records the webhooks of events, and returns the events without those whose webhook was repeated
   * since the restore: another event stands for them.
   */
  async #unrepeated(tx: Transaction, events: readonly StreamedEvent[]): Promise<StreamedEvent[]> {
    const hooked = events.flatMap((event) => {
      const hook = hookOf(event);
      return hook ? [{ event, hook }] : [];
    });
    const isFirst = await this.received.remember(
      tx,
      hooked.map(({ hook }) => hook),
    );
    const repeated = new Set(hooked.filter((_, index) => !isFirst[index]).map(({ event }) => event));
    await this.life.leaveOut(tx, [...repeated]);
    return events.filter((event) => !repeated.has(event));
  }
}

/** Key of the webhook that reported an event; null without one. */
function hookOf(event: StreamedEvent) {
  const [data] = [...dataOf([event], registryPushed), ...dataOf([event], registryDeleted)];
  return data?.data.hook ?? null;
}

function dataOf<Type extends (typeof replayed)[number]>(
  events: readonly StreamedEvent[],
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
