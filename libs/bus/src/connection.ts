import { readFileSync } from 'node:fs';
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
  type ConnectionOptions,
  credsAuthenticator,
  headers as natsHeaders,
  type Msg,
  type MsgCallback,
  nanos,
  type NatsConnection,
  nkeyAuthenticator,
  type Subscription,
} from '@nats-io/transport-node';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import {
  type CloudEvent,
  type Consumer,
  consumers,
  type EventOf,
  type EventType,
  inboxPrefix,
  readEvent,
  streams,
} from '@tidewaiter/events';
import { failpoint, hostUrls, type NatsConfig, type ServerWait, ServerWaits } from '@tidewaiter/runtime';

import { leaderProblem } from './leaders.js';
import { lifeOf, type StreamPlace } from './stream-place.js';
import { tlsProblem } from './tls-problem.js';
import { isNotFound, isOutage, reconcileTopology } from './topology.js';

const connectTimeoutMs = 5_000;
const reconnectMs = 500;
const pingMs = 3_000;
const probeTimeoutMs = 1_500;
/** Interval of attempts that only explain an outage. */
const explainMs = 1_000;
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
  /** For questions, which a cluster without a leader leaves without an answer. */
  asker: JetStreamManager;
  /** For questions whose answer is worth nothing later. */
  prober: JetStreamManager;
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

  private constructor(
    private readonly service: string,
    private readonly server: NatsConfig,
    private readonly waits: ServerWaits,
  ) {}

  /**
   * Connects, and waits for NATS as long as it takes.
   * @throws InvalidInput `CONFIG_INVALID` for settings that NATS cannot do
   */
  static async connect(service: string, server: NatsConfig, waits = new ServerWaits()): Promise<Bus> {
    const bus = new Bus(service, server, waits);
    const wait = waits.begin('NATS');
    try {
      await bus.#connect(wait);
      await bus.#prepare(wait);
    } catch (error) {
      await bus.onApplicationShutdown();
      throw error;
    } finally {
      wait.over();
    }
    return bus;
  }

  /**
   * Connects; once that fails, or takes long, it goes on in the background. Until then, every use
   * is an outage.
   */
  static async inBackground(service: string, server: NatsConfig, waits: ServerWaits): Promise<Bus> {
    const bus = new Bus(service, server, waits);
    const wait = waits.begin('NATS');
    bus.#connecting = bus
      .#connect(wait)
      // A stream that is missing is also made by the first message for it.
      .then(async () => bus.#prepare(wait).catch(() => undefined))
      .finally(() => wait.over());
    await wait.settled;
    return bus;
  }

  /** @throws Unavailable `BUS_UNAVAILABLE` before the first connection */
  get connection(): NatsConnection {
    if (!this.#link) throw noConnection();
    return this.#link.connection;
  }

  /** Servers that have each stream; undefined if that is not configured. */
  get replicas(): number | undefined {
    return this.server.natsReplicas;
  }

  /** Reconciles streams and consumers with the topology; concurrent calls share one run. */
  async reconcile(): Promise<void> {
    this.#reconciling ??= this.#whileConnected(async ({ manager }) => reconcileTopology(manager, this.server)).finally(
      () => {
        this.#reconciling = undefined;
      },
    );
    await this.#reconciling;
  }

  /**
   * Makes streams and consumers that are missing. A cluster without a leader refuses events in the
   * same way as one without streams, and would leave a change without an answer for long.
   */
  async repair(): Promise<void> {
    const isMissing = await this.#whileConnected(async ({ prober }) => {
      const asked = [
        ...streams.map(async ({ name }) => prober.streams.info(name)),
        ...Object.values(consumers).map(async ({ stream, name }) => prober.consumers.info(stream, name)),
      ];
      const outcomes = await Promise.allSettled(asked);
      return outcomes.some((outcome) => outcome.status === 'rejected' && isNotFound(outcome.reason));
    });
    if (isMissing) await this.reconcile();
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
        await this.repair();
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
    const ask = async ({ asker }: Link) => {
      const info = await asker.streams.info(stream);
      return { life: lifeOf(info), sequence: info.state.last_seq };
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
      return await this.#whileConnected(async ({ asker }) => {
        const message = await asker.streams.getMessage(stream, query);
        return message?.seq ?? null;
      });
    } catch (cause) {
      throw new Unavailable('BUS_UNAVAILABLE', 'NATS does not answer about its stream', { cause });
    }
  }

  /**
   * Problem with the connection, or with the leader of a stream or of one of these consumers;
   * undefined if events are carried.
   */
  async problem(ownConsumers: readonly Consumer[]): Promise<string | undefined> {
    const link = this.#link;
    if (!this.#isConnected || !link) return this.waits.current()['nats'] ?? 'not connected';
    if (link.connection.isClosed()) return 'closed';
    const problems = await Promise.all([
      ...streams.map(async ({ name }) => leaderProblem(`stream ${name}`, async () => link.prober.streams.info(name))),
      ...ownConsumers.map(async ({ stream, name }) =>
        leaderProblem(`consumer ${name}`, async () => link.prober.consumers.info(stream, name)),
      ),
    ]);
    return problems.find((each) => each !== undefined);
  }

  /** Messages of a consumer that were not delivered yet, or not acknowledged. */
  async waitingFor({ stream, name }: Consumer): Promise<number> {
    return this.#whileConnected(async ({ prober }) => {
      const info = await prober.consumers.info(stream, name);
      return info.num_pending + info.num_ack_pending;
    });
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
    return this.#whileConnected(async ({ client, asker, manager }) => {
      const found = await asker.streams.info(stream);
      const life = lifeOf(found);
      const isWithin = place?.life === life && place.sequence <= found.state.last_seq;
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
    await this.#whileConnected(async ({ asker, manager }) => {
      const info = await asker.streams.info(stream);
      const last = info.state.bytes > info.config.max_bytes * roomShare ? place : older;
      if (lifeOf(info) === last?.life) await manager.streams.purge(stream, { filter: subject, seq: last.sequence + 1 });
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

  async #connect(wait: ServerWait): Promise<void> {
    const { signal } = this.#stopped;
    void tlsProblem(this.server).then((problem) => problem && wait.failed(problem));
    while (!this.#link && !signal.aborted) {
      try {
        this.#use(await linkTo(this.service, this.server));
      } catch (error) {
        if (error instanceof InvalidInput) throw error;
        wait.failed(error);
        await sleep(reconnectMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Makes the streams, once JetStream answers: a cluster that starts has no leader yet. */
  async #prepare(wait: ServerWait): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#whileConnected(async ({ prober }) => prober.getAccountInfo());
        return await this.reconcile();
      } catch (error) {
        if (!isOutage(error)) throw error;
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
    let wait: ServerWait | undefined;
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') {
        this.#isConnected = true;
        wait?.over();
      }
      if (type !== 'disconnect') continue;
      this.#isConnected = false;
      wait?.over();
      wait = this.waits.begin('NATS');
      void this.#explain(wait);
      for (const listener of this.#lossListeners) listener();
    }
    wait?.over();
  }

  /** Notes why a lost connection does not come back, which the client does not report. */
  async #explain(wait: ServerWait): Promise<void> {
    const { signal } = this.#stopped;
    while (!this.#isConnected && !signal.aborted) {
      await linkTo(this.service, this.server, explainMs).then(
        async ({ connection }) => connection.close(),
        (error: unknown) => wait.failed(error),
      );
      await sleep(explainMs, undefined, { signal, ref: false }).catch(() => undefined);
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

async function linkTo(service: string, server: NatsConfig, timeout = connectTimeoutMs): Promise<Link> {
  const connection = await connect({
    ...addressOf(server),
    name: `tidewaiter-${service}`,
    inboxPrefix: inboxPrefix(service),
    timeout,
    maxReconnectAttempts: -1,
    // A server that refuses a user may know it again after its next reload.
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: reconnectMs,
    // Two pings without an answer end a connection.
    pingInterval: pingMs,
    // The client would make a stack for every publish, in case that it fails. Our errors have one,
    // and its error as the cause.
    noAsyncTraces: true,
  });
  const manager = async (timeoutMs: number) => jetstreamManager(connection, { timeout: timeoutMs, checkAPI: false });
  return {
    connection,
    client: jetstream(connection, { timeout: publishTimeoutMs }),
    manager: await manager(manageTimeoutMs),
    asker: await manager(publishTimeoutMs),
    prober: await manager(probeTimeoutMs),
  };
}

/** Servers, user and files of certificates and keys, which are read for every connection. */
function addressOf(server: NatsConfig): ConnectionOptions {
  const urls = hostUrls(server.natsUrl.reveal()).map((url) => new URL(url));
  const user = urls.find(({ username }) => username !== '');
  const { natsCaFile, natsCertFile, natsKeyFile, natsCredsFile, natsNkeyFile } = server;
  if ((natsCertFile === undefined) !== (natsKeyFile === undefined))
    throw invalid('TIDEWAITER_NATS_CERT_FILE and TIDEWAITER_NATS_KEY_FILE are needed together');
  if (natsCredsFile !== undefined && natsNkeyFile !== undefined)
    throw invalid('TIDEWAITER_NATS_CREDS_FILE and TIDEWAITER_NATS_NKEY_FILE exclude each other');
  const files = {
    ...(natsCaFile !== undefined && { caFile: natsCaFile }),
    ...(natsCertFile !== undefined && { certFile: natsCertFile }),
    ...(natsKeyFile !== undefined && { keyFile: natsKeyFile }),
  };
  const isTls = urls.some(({ protocol }) => protocol === 'tls:') || Object.keys(files).length > 0;
  return {
    servers: urls.map(({ host }) => host),
    ...(user && { user: decodeURIComponent(user.username), pass: decodeURIComponent(user.password) }),
    ...(isTls && { tls: files }),
    ...(natsCredsFile !== undefined && { authenticator: credsAuthenticator(() => readFileSync(natsCredsFile)) }),
    ...(natsNkeyFile !== undefined && { authenticator: nkeyAuthenticator(() => seedIn(natsNkeyFile)) }),
  };
}

/** Seed of an nkey in a file, whose line end is no part of it. */
function seedIn(file: string): Uint8Array {
  return new TextEncoder().encode(readFileSync(file, 'utf8').trim());
}

function invalid(problem: string): InvalidInput {
  return new InvalidInput('CONFIG_INVALID', problem);
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
