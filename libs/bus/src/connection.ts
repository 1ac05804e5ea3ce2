import { setTimeout as sleep } from 'node:timers/promises';

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
import {
  connect,
  headers as natsHeaders,
  type Msg,
  type MsgCallback,
  nanos,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Secret, Unavailable } from '@tidewaiter/domain';
import {
  type CloudEvent,
  type Consumer,
  type EventOf,
  type EventType,
  inboxPrefix,
  readEvent,
} from '@tidewaiter/events';
import { failpoint, type Logger, type ServerWait, waitForServer } from '@tidewaiter/runtime';

import type { StreamPlace } from './stream-place.js';
import { isNotFound, reconcileTopology } from './topology.js';

const connectTimeoutMs = 5_000;
const reconnectMs = 500;
const publishTimeoutMs = 5_000;
/**
 * Long, because a server that flushes to a slow disk manages streams slowly; a lost connection
 * fails at once.
 */
const manageTimeoutMs = 30_000;
/** Share of a stream below which messages stay that only a restored database needs. */
const roomShare = 0.25;
/** Time after which the server drops the consumer of a reader that fetches nothing more. */
const readerForgottenMs = 60_000;

/** Message of a stream that is on disk. */
export interface Appended {
  /** Whether the stream had a message of the same id. */
  isRepeated: boolean;
  sequence: number;
}

/** Consumer for a single reader. */
export interface OwnConsumer {
  source: PullConsumer;
  /** Life of the stream. @see StreamPlace */
  life: string;
  /** Number of messages that it has still to deliver. */
  waiting: number;
}

/** Clients of one connection. */
interface Link {
  connection: NatsConnection;
  client: JetStreamClient;
  manager: JetStreamManager;
}

/** Connection of one service to NATS. It reconnects after an outage of any length. */
@Injectable()
export class Bus implements OnApplicationShutdown {
  #link: Link | undefined;
  #connecting: Promise<void> = Promise.resolve();
  #reconciling: Promise<void> | undefined;
  #isConnected = false;
  readonly #stopped = new AbortController();
  readonly #lossListeners = new Set<() => void>();
  /** Subscriptions that wait for the first connection. */
  readonly #waiting = new Set<() => void>();

  private constructor() {}

  /** Connects, and waits for NATS as long as it takes. */
  static async connect(service: string, url: Secret, log?: Pick<Logger, 'info' | 'warn'>): Promise<Bus> {
    const bus = new Bus();
    const wait = waitForServer(log, 'NATS');
    await bus.#connect(service, url, wait);
    wait.over();
    await bus.reconcile();
    return bus;
  }

  /**
   * Connects; once that fails, or takes long, it goes on in the background. Until then, every use
   * is an outage.
   */
  static async inBackground(service: string, url: Secret, log: Pick<Logger, 'info' | 'warn'>): Promise<Bus> {
    const bus = new Bus();
    const wait = waitForServer(log, 'NATS');
    bus.#connecting = bus
      .#connect(service, url, wait)
      // A stream that is missing is also made by the first message for it.
      .then(async () => bus.reconcile().catch(() => undefined))
      .finally(() => wait.over());
    await wait.settled;
    return bus;
  }

  /** @throws Unavailable `BUS_UNAVAILABLE` before the first connection */
  get connection(): NatsConnection {
    if (!this.#link) throw noConnection();
    return this.#link.connection;
  }

  /** Reconciles streams and consumers with the topology; concurrent calls share one run. */
  async reconcile(): Promise<void> {
    this.#reconciling ??= this.#whileConnected(async ({ manager }) => reconcileTopology(manager)).finally(() => {
      this.#reconciling = undefined;
    });
    await this.#reconciling;
  }

  /**
   * Publishes an event and waits until it is on disk; returns whether its message id was a
   * duplicate.
   * @throws Unavailable as {@link append}
   */
  async publish(channel: string, event: CloudEvent, messageId: string): Promise<Appended> {
    return this.append(channel, JSON.stringify(event), messageId, event.traceparent);
  }

  /**
   * Publishes an event that is JSON already.
   * @throws Unavailable `BUS_UNAVAILABLE`, and `STREAM_FULL` when the stream has no room and
   * refuses new messages
   */
  async append(channel: string, json: string | Uint8Array, messageId: string, traceparent?: string): Promise<Appended> {
    const headers = natsHeaders();
    headers.set('content-type', 'application/cloudevents+json');
    if (traceparent) headers.set('traceparent', traceparent);
    const send = async ({ client }: Link) => client.publish(channel, json, { msgID: messageId, headers });
    try {
      const acknowledged = await this.#whileConnected(send).catch(async (error: unknown) => {
        if (!isMissingStream(error)) throw error;
        await this.reconcile();
        return this.#whileConnected(send);
      });
      failpoint('bus.published');
      return { isRepeated: acknowledged.duplicate, sequence: acknowledged.seq };
    } catch (cause) {
      if (isFull(cause)) throw new Unavailable('STREAM_FULL', 'NATS has no room for more of these events', { cause });
      throw new Unavailable('BUS_UNAVAILABLE', 'NATS does not take events', { cause });
    }
  }

  /**
   * Position of the last message of a stream, which is made if it is missing.
   * @throws Unavailable `BUS_UNAVAILABLE`
   */
  async endOf(stream: string): Promise<StreamPlace> {
    const ask = async ({ manager }: Link) => {
      const { created: life, state } = await manager.streams.info(stream);
      return { life, sequence: state.last_seq };
    };
    try {
      return await this.#whileConnected(ask).catch(async (error: unknown) => {
        if (!isNotFound(error)) throw error;
        await this.reconcile();
        return this.#whileConnected(ask);
      });
    } catch (cause) {
      throw new Unavailable('BUS_UNAVAILABLE', 'NATS does not answer about its stream', { cause });
    }
  }

  /**
   * Sequence of the first message that a stream has of a subject; null if it has none.
   * @throws Unavailable `BUS_UNAVAILABLE`
   */
  async firstOf(stream: string, subject: string): Promise<number | null> {
    // The client's type lacks the subject, which the server takes.
    const query = { seq: 1, next_by_subj: subject };
    try {
      return await this.#whileConnected(async ({ manager }) => {
        const message = await manager.streams.getMessage(stream, query);
        return message?.seq ?? null;
      });
    } catch (cause) {
      throw new Unavailable('BUS_UNAVAILABLE', 'NATS does not answer about its stream', { cause });
    }
  }

  /** Finds a consumer on the server. */
  async consumer({ stream, name }: Consumer): Promise<PullConsumer> {
    return this.#whileConnected(async ({ client }) => client.consumers.get(stream, name));
  }

  /**
   * Creates a consumer for one reader, starting after `place`, or at the start if the stream has
   * been recreated or restored from an older copy.
   */
  async consumerAfter(stream: string, subject: string, place: StreamPlace | null): Promise<OwnConsumer> {
    return this.#whileConnected(async ({ client, manager }) => {
      const { created: life, state } = await manager.streams.info(stream);
      const isWithin = place?.life === life && place.sequence <= state.last_seq;
      const info = await manager.consumers.add(stream, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: isWithin ? place.sequence + 1 : 1,
        replay_policy: ReplayPolicy.Instant,
        filter_subject: subject,
        inactive_threshold: nanos(readerForgottenMs),
        mem_storage: true,
      });
      return { source: client.consumers.getConsumerFromInfo(info), life, waiting: info.num_pending };
    });
  }

  /**
   * Purges the messages of a subject up to and including `place`, unless the stream has been
   * recreated.
   * @param older the last message to purge while the stream has room; null for none
   */
  async forget(stream: string, subject: string, place: StreamPlace, older: StreamPlace | null = place): Promise<void> {
    await this.#whileConnected(async ({ manager }) => {
      const { created: life, state, config } = await manager.streams.info(stream);
      const last = state.bytes > config.max_bytes * roomShare ? place : older;
      if (life === last?.life) await manager.streams.purge(stream, { filter: subject, seq: last.sequence + 1 });
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
    return this.#subscribe(`${callPrefix}${name}`, () => listener());
  }

  /**
   * Runs `listener` for every event of a type published from now on, without replay and in every
   * process: for caches.
   */
  onPublished<Type extends EventType>(type: Type, listener: (event: EventOf<Type>) => void): void {
    this.#subscribe(type.channel, (error, message) => {
      const event = error ? null : readable(message.data);
      if (event?.type === type.type) listener(event as EventOf<Type>);
    });
  }

  /** Calls `listener` whenever the connection is lost, until the returned function is called. */
  onLoss(listener: () => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#connecting;
    await this.#link?.connection.close();
  }

  async #connect(service: string, url: Secret, wait: ServerWait): Promise<void> {
    const { signal } = this.#stopped;
    while (!this.#link && !signal.aborted) {
      try {
        this.#use(await linkTo(service, url));
      } catch (error) {
        wait.failed(error);
        await sleep(reconnectMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #use(link: Link): void {
    this.#link = link;
    this.#isConnected = true;
    for (const waiting of this.#waiting) waiting();
    this.#waiting.clear();
    void this.#follow(link);
  }

  async #follow({ connection }: Link): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') this.#isConnected = true;
      if (type !== 'disconnect') continue;
      this.#isConnected = false;
      for (const listener of this.#lossListeners) listener();
    }
  }

  /** Subscribes now, or at the first connection. */
  #subscribe(subject: string, callback: MsgCallback<Msg>): () => void {
    let subscription: Subscription | undefined;
    const begin = () => (subscription = this.connection.subscribe(subject, { callback }));
    if (this.#link) begin();
    else this.#waiting.add(begin);
    return () => {
      this.#waiting.delete(begin);
      subscription?.unsubscribe();
    };
  }

  /**
   * Fails at once while disconnected: the client drops such requests and would wait five seconds
   * for a reply.
   */
  async #whileConnected<T>(request: (link: Link) => Promise<T>): Promise<T> {
    if (!this.#isConnected || !this.#link) throw noConnection();
    const lost = Promise.withResolvers<never>();
    const forget = this.onLoss(() => lost.reject(noConnection()));
    try {
      return await Promise.race([request(this.#link), lost.promise]);
    } finally {
      forget();
    }
  }
}

async function linkTo(service: string, url: Secret): Promise<Link> {
  const address = new URL(url.reveal());
  const connection = await connect({
    servers: address.host,
    ...(address.username
      ? { user: decodeURIComponent(address.username), pass: decodeURIComponent(address.password) }
      : {}),
    ...(address.protocol === 'tls:' ? { tls: {} } : {}),
    name: `tidewaiter-${service}`,
    inboxPrefix: inboxPrefix(service),
    timeout: connectTimeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    pingInterval: 10_000,
  });
  try {
    const manager = await jetstreamManager(connection, { timeout: manageTimeoutMs });
    return { connection, client: jetstream(connection, { timeout: publishTimeoutMs }), manager };
  } catch (error) {
    await connection.close();
    throw error;
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
