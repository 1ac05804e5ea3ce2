import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import { type Consumer, consumers, runtimeStream, type Stream, streams, subjectsOf } from '@tidewaiter/events';
import { failpoint, type NatsConfig } from '@tidewaiter/runtime';

import { lifeKey } from './stream-place.js';

/**
 * Time within which JetStream itself drops a repeated message id; later repeats are dropped by the
 * inboxes.
 */
const duplicateWindowMs = 2 * 60_000;

/**
 * Creates or updates streams and consumers as `libs/events` declares. Several services may do so at
 * once.
 * @param sizing what is configured; all else stays as it is in a stream that there is
 * @throws InvalidInput `CONFIG_INVALID` for replicas without a cluster
 */
export async function reconcileTopology(
  manager: JetStreamManager,
  sizing: Pick<NatsConfig, 'natsReplicas' | 'runtimeStreamBytes'> = {},
): Promise<void> {
  for (const stream of streams) await reconcileStream(manager, stream, sizing);
  for (const consumer of Object.values(consumers)) await reconcileConsumer(manager, consumer);
}

type StreamChange = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'max_bytes'>;

async function reconcileStream(
  manager: JetStreamManager,
  stream: Stream,
  { natsReplicas, runtimeStreamBytes }: Pick<NatsConfig, 'natsReplicas' | 'runtimeStreamBytes'>,
): Promise<void> {
  const config = {
    name: stream.name,
    subjects: subjectsOf(stream),
    discard: stream.whenFull === 'refuse-new' ? DiscardPolicy.New : DiscardPolicy.Old,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: nanos(stream.maxAgeMs),
    duplicate_window: nanos(duplicateWindowMs),
    ...(natsReplicas !== undefined && { num_replicas: natsReplicas }),
  };
  const isSized = stream.name === runtimeStream && runtimeStreamBytes !== undefined;
  const maxBytes = isSized ? runtimeStreamBytes : stream.maxBytes;
  // Another service may know a size that this one was not given.
  const change = stream.name === runtimeStream && !isSized ? config : { ...config, max_bytes: maxBytes };
  try {
    const info = await updateOrAdd(manager, change, { ...config, max_bytes: maxBytes });
    await nameLife(manager, info);
  } catch (cause) {
    if (codeOf(cause) !== replicasWithoutCluster) throw cause;
    throw new InvalidInput('CONFIG_INVALID', `TIDEWAITER_NATS_REPLICAS is ${natsReplicas}, and NATS is no cluster`, {
      cause,
    });
  }
}

async function updateOrAdd(
  manager: JetStreamManager,
  change: Partial<StreamConfig> & Pick<StreamConfig, 'name'>,
  config: StreamChange,
): Promise<StreamInfo> {
  const update = async () => manager.streams.update(change.name, change);
  try {
    return await update();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    const added = await addStream(manager, config);
    failpoint('bus.stream-made');
    return added;
  } catch (error) {
    // Another service has made it since, and has named its life or knows a size.
    if (codeOf(error) !== nameInUse) throw error;
    return update();
  }
}

async function nameLife(manager: JetStreamManager, { config, created }: StreamInfo): Promise<void> {
  if (config.metadata?.[lifeKey] !== undefined) return;
  await manager.streams.update(config.name, { metadata: { ...config.metadata, [lifeKey]: created } });
}

/** @throws Unavailable `BUS_STORAGE_FULL`: NATS reserves the size of a stream when it is created */
async function addStream(manager: JetStreamManager, config: StreamChange): Promise<StreamInfo> {
  try {
    return await manager.streams.add(config);
  } catch (cause) {
    if (!isShortOfStorage(cause)) throw cause;
    const wanted = `${Math.ceil(config.max_bytes / 2 ** 20)} MiB for the stream ${config.name}`;
    throw new Unavailable('BUS_STORAGE_FULL', `NATS has not enough disk: it needs ${wanted}`, { cause });
  }
}

async function reconcileConsumer(manager: JetStreamManager, consumer: Consumer): Promise<void> {
  const config: ConsumerConfig = {
    durable_name: consumer.name,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(consumer.ackWaitMs),
    // We count attempts ourselves: at JetStream's own limit only an advisory remains of a message.
    max_deliver: -1,
    max_ack_pending: 1_000,
    filter_subjects: consumer.events.map(({ channel }) => channel),
  };
  try {
    await manager.consumers.update(consumer.stream, consumer.name, config);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await manager.consumers.add(consumer.stream, config);
  }
}

/** @see https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const storageExceeded = 10_047;
const nameInUse = 10_058;
const replicasWithoutCluster = 10_074;
/** No suitable peers, cluster not available, not the leader, stream offline. */
const clusterChanges = [10_005, 10_008, 10_009, 10_118];

function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}

function isShortOfStorage(error: unknown): boolean {
  return codeOf(error) === storageExceeded;
}

/**
 * Whether NATS, or the majority of its cluster, cannot answer now, or has trouble of its own, such
 * as a full disk: that is a status of 500 or more, as in HTTP.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status >= 500 || clusterChanges.includes(error.code);
  const isOurs = error instanceof Unavailable && error.code === 'BUS_UNAVAILABLE';
  // The client's errors of requests without an answer.
  const names = ['TimeoutError', 'RequestError', 'NoRespondersError', 'JetStreamNotEnabled', 'ClosedConnectionError'];
  return isOurs || (error instanceof Error && names.includes(error.name));
}

/** Whether the server has no such stream or consumer. */
export function isNotFound(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return code === 404 || /not found/i.test(message);
}
