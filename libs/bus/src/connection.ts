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
import { failpoint } from '@tidewaiter/runtime';

import type { StreamPlace } from './stream-place.js';
import { reconcileTopology } from './topology.js';

const publishTimeoutMs = 5_000;
/**
 * Long, because a server that flushes to a slow disk manages streams slowly; a lost connection
 * fails at once.
 */
const manageTimeoutMs = 30_000;
/** Time after which the server drops the consumer of a reader that fetches nothing more. */
const readerForgottenMs = 60_000;

/** Consumer for a single reader. */
export interface OwnConsumer {
  source: PullConsumer;
  /** Life of the stream. @see StreamPlace */
  life: string;
  /** Number of messages that it has still to deliver. */
  waiting: number;
}

/** Connection of one service to NATS. It reconnects after an outage of any length. */
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

  /** Reconciles streams and consumers with the topology; concurrent calls share one run. */
  async reconcile(): Promise<void> {
    this.#reconciling ??= this.#whileConnected(async () => reconcileTopology(this.manager)).finally(() => {
      this.#reconciling = undefined;
    });
    await this.#reconciling;
  }

  /**
   * Publishes an event and waits until it is on disk; returns whether its message id was a
   * duplicate.
   * @throws Unavailable `BUS_UNAVAILABLE`, and `STREAM_FULL` when the stream has no room and
   * refuses new messages
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
      failpoint('bus.published');
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

  /**
   * Creates a consumer for one reader, starting after `place`, or at the start if the stream has
   * been recreated.
   */
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

  /**
   * Purges the messages of a subject up to and including `place`, unless the stream has been
   * recreated.
   */
  async forget(stream: string, subject: string, place: StreamPlace): Promise<void> {
    await this.#whileConnected(async () => {
      const { created: life } = await this.manager.streams.info(stream);
      if (life === place.life) await this.manager.streams.purge(stream, { filter: subject, seq: place.sequence + 1 });
    });
  }

  /**
   * Wakes the {@link onCall} listeners of the name in every process. Best effort: a call can get
   * lost.
   */
  call(name: string): void {
    if (this.#isConnected) this.connection.publish(`${callPrefix}${name}`);
  }

  /** Runs `listener` at every {@link call} of the name, until the returned function is called. */
  onCall(name: string, listener: () => void): () => void {
    const subscription = this.connection.subscribe(`${callPrefix}${name}`, { callback: () => listener() });
    return () => subscription.unsubscribe();
  }

  /**
   * Runs `listener` for every event of a type published from now on, without replay and in every
   * process: for caches.
   */
  onPublished<Type extends EventType>(type: Type, listener: (event: EventOf<Type>) => void): void {
    this.connection.subscribe(type.channel, {
      callback: (error, message) => {
        const event = error ? null : readable(message.data);
        if (event?.type === type.type) listener(event as EventOf<Type>);
      },
    });
  }

  /** Calls `listener` whenever the connection is lost, until the returned function is called. */
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

  /**
   * Fails at once while disconnected: the client drops such requests and would wait five seconds
   * for a reply.
   */
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

/** Whether no stream captures the subject of an event: the server came back without its streams. */
function isMissingStream(error: unknown): boolean {
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}

/**
 * @see https://github.com/nats-io/nats-server/blob/main/server/errors.json, JSStreamStoreFailedF:
 * "maximum bytes exceeded"
 */
function isFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && /maximum (?:bytes|messages) exceeded/.test(error.message);
}
