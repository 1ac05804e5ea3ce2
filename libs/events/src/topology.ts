import {
  advisoryChanged,
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
  sensorMissed,
  tagMoved,
} from './catalogue.js';
import type { EventType } from './event-type.js';
import { runtimePartitions, runtimeStream } from './runtime-stream.js';

const hourMs = 3_600_000;

/** A JetStream stream, file-backed. PostgreSQL keeps every event of the outbox until it is confirmed, so a stream may be lost. */
export interface Stream {
  name: string;
  events: readonly EventType[];
  /** How many partitions each of its events has, each with a subject of its own; absent where an event has one subject. */
  partitions?: number;
  /** 0: for ever. */
  maxAgeMs: number;
  maxBytes: number;
  /** What becomes of a message for which there is no room: it is refused, or pushes out the oldest one. */
  whenFull: 'refuse-new' | 'forget-oldest';
}

/** The streams: runtime events are many and short-lived, so their flood must not push out the others. */
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
      sensorMissed,
      sensorRecovered,
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
    // However long the detector is away: age would drop without a word what a sensor was told is kept.
    maxAgeMs: 0,
    maxBytes: 2 ** 30,
    // Nothing else keeps them: a sensor is told to wait, and the detector drops what it has read.
    whenFull: 'refuse-new',
  },
];

/** A durable pull consumer; all replicas of its service share the work. */
export interface Consumer {
  /** Durable name, and the name under which the inbox remembers what was handled. */
  name: string;
  stream: string;
  events: readonly EventType[];
  /** How many messages one process handles at once. */
  concurrency: number;
  /** How long JetStream waits for an ack before it delivers again; long handlers extend it. */
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
    // Events of incidents are told many together.
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
      sensorMissed,
      sensorRecovered,
    ],
  },
} as const satisfies Record<string, Consumer>;

/** Who must have handled an event of this type before the outbox may forget it. */
export function consumersOf(type: string): Consumer[] {
  return Object.values<Consumer>(consumers).filter(({ events }) => events.some((event) => event.type === type));
}

/** The subjects of a stream. */
export function subjectsOf({ events, partitions }: Stream): string[] {
  return events.map(({ channel }) => (partitions === undefined ? channel : `${channel}.*`));
}

/** The services that read an event in order, without a consumer that the server would remember: each keeps its own place. */
export function readersInOrder(event: EventType): string[] {
  return event === runtimeObserved ? ['detector'] : [];
}
