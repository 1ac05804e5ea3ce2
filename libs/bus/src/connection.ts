import {
  AckPolicy,
  type Consumer as PullConsumer,
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  jetstreamManager,
  type JetStreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { connect, headers as natsHeaders, nanos, type NatsConnection } from '@nats-io/transport-node';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Secret, Unavailable } from '@tidewaiter/domain';
import { type CloudEvent, type Consumer, type EventOf, type EventType, readEvent } from '@tidewaiter/events';

import type { StreamPlace } from './stream-place.js';
import { reconcileTopology } from './topology.js';

const publishTimeoutMs = 5_000;
/** A server that flushes much to a slow disk takes its time over streams and consumers; one that is lost is noticed at once. */
const manageTimeoutMs = 30_000;
/** How long the server remembers a reader that asks for nothing any more. */
const readerForgottenMs = 60_000;

/** A consumer that one reader has for itself. */
export interface OwnConsumer {
  source: PullConsumer;
  /** Of the stream. @see StreamPlace */
  life: string;
  /** How many messages it will bring, as of now. */
  waiting: number;
}

/** The connection of one service to NATS. It reconnects for ever: an outage is waited for, never an end. */
@Injectable()
export class Bus implements OnApplicationShutdown {
  #reconciling: Promise<void> | undefined;
  #isConnected = true;
  readonly #lossListeners = new Set<() => void>();

  private constructor(
    readonly connection: NatsConnection,
    private readonly client: JetStreamClient,
    private readonly manager: JetStreamManager,
  ) {
    void this.#follow();
  }

  static async connect(service: string, url: Secret): Promise<Bus> {
    const address = new URL(url.reveal());
    const connection = await connect({
      servers: address.host,
      ...(address.username
        ? { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) }
        : {}),
      ...(address.protocol === 'tls:' ? { tls: {} } : {}),
      name: `tidewaiter-${service}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      waitOnFirstConnect: true,
      pingInterval: 10_000,
    });
    const client = jetstream(connection, { timeout: publishTimeoutMs });
    const bus = new Bus(connection, client, await jetstreamManager(connection, { timeout: manageTimeoutMs }));
    await bus.reconcile();
    return bus;
  }

  /** Makes the streams and consumers what the topology says; once, however many ask at the same moment. */
  async reconcile(): Promise<void> {
    this.#reconciling ??= this.#whileConnected(async () => reconcileTopology(this.manager)).finally(() => {
      this.#reconciling = undefined;
    });
    await this.#reconciling;
  }

  /**
   * Puts an event on the bus and waits until it is on disk there; answers whether it was there already, by its message id.
   * @throws Unavailable `BUS_UNAVAILABLE`, and `STREAM_FULL` when the stream refuses what it has no room for
   */
  async publish(channel: string, event: CloudEvent, messageId: string): Promise<{ isRepeated: boolean }> {
    const headers = natsHeaders();
    headers.set('content-type', 'application/cloudevents+json');
    if (event.traceparent) headers.set('traceparent', event.traceparent);
    const send = async () => this.client.publish(channel, JSON.stringify(event), { msgID: messageId, headers });
    try {
      const acknowledged = await this.#whileConnected(send).catch(async (error: unknown) => {
        if (!isMissingStream(error)) throw error;
        await this.reconcile();
        return this.#whileConnected(send);
      });
      return { isRepeated: acknowledged.duplicate };
    } catch (cause) {
      if (isFull(cause)) throw new Unavailable('STREAM_FULL', 'NATS has no room for more of these events', { cause });
      throw new Unavailable('BUS_UNAVAILABLE', 'NATS does not take events', { cause });
    }
  }

  /** Finds a consumer on the server. */
  async consumer({ stream, name }: Consumer): Promise<PullConsumer> {
    return this.#whileConnected(async () => this.client.consumers.get(stream, name));
  }

  /** Makes a consumer for one reader, which starts after `place`; at the start where the stream is not the one of that place. */
  async consumerAfter(stream: string, subject: string, place: StreamPlace | null): Promise<OwnConsumer> {
    return this.#whileConnected(async () => {
      const { created: life } = await this.manager.streams.info(stream);
      const from = place?.life === life ? place.sequence + 1 : 1;
      const info = await this.manager.consumers.add(stream, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: from,
        replay_policy: ReplayPolicy.Instant,
        filter_subject: subject,
        inactive_threshold: nanos(readerForgottenMs),
        mem_storage: true,
      });
      return { source: this.client.consumers.getConsumerFromInfo(info), life, waiting: info.num_pending };
    });
  }

  /** Drops what a stream has of a subject up to a place, when the stream is still the one of that place. */
  async forget(stream: string, subject: string, place: StreamPlace): Promise<void> {
    await this.#whileConnected(async () => {
      const { created: life } = await this.manager.streams.info(stream);
      if (life === place.life) await this.manager.streams.purge(stream, { filter: subject, seq: place.sequence + 1 });
    });
  }

  /** Wakes whoever {@link onCall} the name in any process. Nobody may depend on it: a call can get lost. */
  call(name: string): void {
    if (this.#isConnected) this.connection.publish(`${callPrefix}${name}`);
  }

  /** Runs `listener` at every {@link call} of the name, until the answered function is called. */
  onCall(name: string, listener: () => void): () => void {
    const subscription = this.connection.subscribe(`${callPrefix}${name}`, { callback: () => listener() });
    return () => subscription.unsubscribe();
  }

  /** Runs `listener` for every event of a type that is published from now on, in every process and without a memory of it: for caches. */
  onPublished<Type extends EventType>(type: Type, listener: (event: EventOf<Type>) => void): void {
    this.connection.subscribe(type.channel, {
      callback: (error, message) => {
        const event = error ? null : readable(message.data);
        if (event?.type === type.type) listener(event as EventOf<Type>);
      },
    });
  }

  /** Calls `listener` whenever the connection is lost, until the answered function is called. */
  onLoss(listener: () => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'reconnect') this.#isConnected = true;
      if (type !== 'disconnect') continue;
      this.#isConnected = false;
      for (const listener of this.#lossListeners) listener();
    }
  }

  /** The client drops what is sent while there is no connection, and would wait five seconds for an answer that cannot come. */
  async #whileConnected<T>(request: () => Promise<T>): Promise<T> {
    if (!this.#isConnected) throw noConnection();
    const lost = Promise.withResolvers<never>();
    const forget = this.onLoss(() => lost.reject(noConnection()));
    try {
      return await Promise.race([request(), lost.promise]);
    } finally {
      forget();
    }
  }
}

const callPrefix = 'tidewaiter.call.';

function noConnection(): Unavailable {
  return new Unavailable('BUS_UNAVAILABLE', 'there is no connection to NATS');
}

function readable(data: Uint8Array): CloudEvent | null {
  try {
    return readEvent(data);
  } catch {
    return null;
  }
}

/** Nobody listens on the subject of an event: the server came back without its streams. */
function isMissingStream(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}

/** @see https://github.com/nats-io/nats-server/blob/main/server/errors.json, JSStreamStoreFailedF: "maximum bytes exceeded" */
function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && /maximum (?:bytes|messages) exceeded/.test(error.message);
}
