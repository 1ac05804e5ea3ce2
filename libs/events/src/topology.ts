import {
  advisoryChanged,
  findingOpened,
  findingResolved,
  imageAnalyzed,
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
  tagMoved,
} from './catalogue.js';
import type { EventType } from './event-type.js';

const hourMs = 3_600_000;

/** A JetStream stream, file-backed. PostgreSQL keeps every event until it is confirmed, so a stream may be lost. */
export interface Stream {
  name: string;
  events: readonly EventType[];
  maxAgeMs: number;
  maxBytes: number;
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
      imageFailed,
      tagMoved,
      advisoryChanged,
      findingOpened,
      findingResolved,
      incidentOpened,
      incidentUpdated,
      incidentResolved,
      notificationDelivered,
      notificationFailed,
    ],
    maxAgeMs: 72 * hourMs,
    maxBytes: 2 ** 30,
  },
  { name: 'TIDEWAITER_RUNTIME', events: [runtimeObserved], maxAgeMs: 24 * hourMs, maxBytes: 2 ** 30 },
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
  detector: { ...defaults, name: 'detector', stream: 'TIDEWAITER_RUNTIME', events: [runtimeObserved] },
  notifier: {
    ...defaults,
    name: 'notifier',
    events: [imageAnalyzed, findingOpened, findingResolved, incidentOpened, incidentUpdated, incidentResolved],
  },
} as const satisfies Record<string, Consumer>;

/** Who must have handled an event of this type before the outbox may forget it. */
export function consumersOf(type: string): Consumer[] {
  return Object.values<Consumer>(consumers).filter(({ events }) => events.some((event) => event.type === type));
}
