import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { Injectable } from '@nestjs/common';
import {
  type CloudEvent,
  databaseStream,
  databaseSubject,
  type EventType,
  readEvent,
  streams,
} from '@tidewaiter/events';

import { Bus } from './connection.js';

/** Heartbeat of PostgreSQL. */
export interface MirroredBeat {
  id: string;
  epoch: number;
  beat: number;
}

type StreamedEvents = { event: CloudEvent; type: EventType }[];

const fetchMs = 2_000;
const batchSize = 500;
const forgottenMs = 60_000;

/**
 * Copy of PostgreSQL's heartbeat in a stream of its own, and the events that the streams still
 * have: a database that was restored from an older copy is recognized by the one and catches up by
 * the others.
 */
@Injectable()
export class DatabaseMirror {
  #manager: Promise<JetStreamManager> | undefined;

  constructor(private readonly bus: Bus) {}

  /** Last heartbeat that was committed; null if the stream is new. */
  async read(): Promise<MirroredBeat | null> {
    const manager = await this.#managed();
    try {
      const message = await manager.streams.getMessage(databaseStream, { last_by_subj: databaseSubject });
      return message === null ? null : message.json<MirroredBeat>();
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async write({ id, epoch, beat }: MirroredBeat): Promise<void> {
    const publish = async () =>
      jetstream(this.bus.connection).publish(databaseSubject, JSON.stringify({ id, epoch, beat }));
    await publish().catch(async () => {
      const manager = await this.#managed();
      // Alike for concurrent calls: adding the same stream again changes nothing.
      await manager.streams.add({
        ...{ name: databaseStream, subjects: [databaseSubject], storage: StorageType.File },
        ...{ max_msgs_per_subject: 1, max_bytes: 64 * 1024 },
        ...(this.bus.replicas !== undefined && { num_replicas: this.bus.replicas }),
      });
      await publish();
    });
  }

  /** Time from which on the stream of an event has everything. */
  async completeSince(event: EventType): Promise<Date> {
    const { created, state } = await (await this.#managed()).streams.info(streamOf(event));
    // A stream that was made again lost the messages of the earlier one.
    return new Date(state.first_seq <= 1 || state.messages === 0 ? created : state.first_ts);
  }

  /** Events of some types since a time, in their order, by batches. */
  async *events(types: readonly EventType[], since: Date): AsyncGenerator<StreamedEvents> {
    yield* this.#read(types, { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() });
  }

  /** Events of some types among the last `count` of their stream, by batches. */
  async *newest(types: readonly EventType[], count: number): AsyncGenerator<StreamedEvents> {
    const { state } = await (await this.#managed()).streams.info(streamOf(types[0]!));
    const first = Math.max(1, state.last_seq - count + 1);
    yield* this.#read(types, { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first });
  }

  async *#read(types: readonly EventType[], from: Partial<ConsumerConfig>): AsyncGenerator<StreamedEvents> {
    const name = streamOf(types[0]!);
    const manager = await this.#managed();
    const info = await manager.consumers.add(name, {
      ...from,
      ack_policy: AckPolicy.None,
      filter_subjects: types.map(({ channel }) => channel),
      inactive_threshold: nanos(forgottenMs),
      mem_storage: true,
    });
    const source = jetstream(this.bus.connection).consumers.getConsumerFromInfo(info);
    for (let left = info.num_pending; left > 0;) {
      const batch: StreamedEvents = [];
      let read = 0;
      for await (const message of await source.fetch({ max_messages: Math.min(batchSize, left), expires: fetchMs })) {
        read += 1;
        const event = readable(message.data);
        const type = types.find((each) => each.type === event?.type);
        if (event && type) batch.push({ event, type });
      }
      if (read === 0) throw new Error(`${left} events of ${name} did not come`);
      left -= read;
      yield batch;
    }
  }

  async #managed(): Promise<JetStreamManager> {
    this.#manager ??= jetstreamManager(this.bus.connection).catch((error: unknown) => {
      this.#manager = undefined;
      throw error;
    });
    return this.#manager;
  }
}

function streamOf(event: EventType): string {
  return streams.find(({ events }) => events.includes(event))!.name;
}

function readable(data: Uint8Array): CloudEvent | null {
  try {
    return readEvent(data);
  } catch {
    return null;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}
