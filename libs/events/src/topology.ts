import {
  advisoryChanged,
  auditRecorded,
  findingOpened,
  findingResolved,
  imageAnalyzed,
  imageReexamined,
  imageFailed,
  incidentOpened,
  incidentResolved,
  incidentUpdated,
  notificationDelivered,
  notificationFailed,
  pipelineReported,
  registryDeleted,
  registryPushed,
  runtimeObserved,
  sensorRecovered,
  sensorSilenced,
  tagMoved,
} from './catalog.js';
import type { EventType } from './event-type.js';
import { runtimePartitions, runtimeStream } from './runtime-stream.js';

const hourMs = 3_600_000;

/**
 * JetStream stream, file-backed. PostgreSQL keeps every event of the outbox until it is confirmed,
 * so a stream may be lost.
 */
export interface Stream {
  name: string;
  events: readonly EventType[];
  /**
   * Partitions of each of its events, each with a subject of its own; absent if an event has one
   * subject.
   */
  partitions?: number;
  /** 0 means without limit. */
  maxAgeMs: number;
  maxBytes: number;
  /** Policy when the stream is full: refuse the new message, or drop the oldest one. */
  whenFull: 'refuse-new' | 'forget-oldest';
}

/**
 * Streams: runtime events are many and short-lived, so their flood must not push out the others.
 */
export const streams: readonly Stream[] = [
  {
    name: 'TIDEWAITER',
    events: [
      registryPushed,
      registryDeleted,
      pipelineReported,
      imageAnalyzed,
      imageReexamined,
      imageFailed,
      tagMoved,
      advisoryChanged,
      findingOpened,
      findingResolved,
      incidentOpened,
      incidentUpdated,
      incidentResolved,
      sensorSilenced,
      sensorRecovered,
      auditRecorded,
      notificationDelivered,
      notificationFailed,
    ],
    maxAgeMs: 72 * hourMs,
    maxBytes: 2 ** 30,
    whenFull: 'forget-oldest',
  },
  {
    name: runtimeStream,
    events: [runtimeObserved],
    partitions: runtimePartitions,
    // No age limit: it would silently drop accepted events while the detector is down.
    maxAgeMs: 0,
    maxBytes: 2 ** 30,
    // The stream is the only copy: a full one makes sensors wait, and the detector purges what it
    // has read.
    whenFull: 'refuse-new',
  },
];

/** Durable pull consumer; all replicas of its service share the work. */
export interface Consumer {
  /** Durable name, and the key of its entries in the inbox. */
  name: string;
  stream: string;
  events: readonly EventType[];
  /** Messages that one process handles at once. */
  concurrency: number;
  /** Time after which JetStream redelivers a message without an ack; long handlers extend it. */
  ackWaitMs: number;
  /** Deliveries before a message becomes a dead letter. */
  maxAttempts: number;
}

const defaults = { stream: 'TIDEWAITER', concurrency: 8, ackWaitMs: 30_000, maxAttempts: 6 };

export const consumers = {
  scanner: {
    ...defaults,
    name: 'scanner',
    events: [registryPushed, registryDeleted, pipelineReported, advisoryChanged],
  },
  notifier: {
    ...defaults,
    name: 'notifier',
    // Events of incidents come in bursts and share a message.
    concurrency: 128,
    events: [
      imageAnalyzed,
      imageReexamined,
      imageFailed,
      findingOpened,
      findingResolved,
      incidentOpened,
      incidentUpdated,
      incidentResolved,
      sensorSilenced,
      sensorRecovered,
      auditRecorded,
    ],
  },
} as const satisfies Record<string, Consumer>;

/** Consumers that must have handled an event of this type before the outbox may delete it. */
export function consumersOf(type: string): Consumer[] {
  return Object.values<Consumer>(consumers).filter(({ events }) => events.some((event) => event.type === type));
}

/** Subjects of a stream. */
export function subjectsOf({ events, partitions }: Stream): string[] {
  return events.map(({ channel }) => (partitions === undefined ? channel : `${channel}.*`));
}

/**
 * Services that read an event in order, without a durable consumer: each stores its own position.
 */
export function readersInOrder(event: EventType): string[] {
  return event === runtimeObserved ? ['detector'] : [];
}
