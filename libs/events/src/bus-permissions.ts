import { runtimeObserved } from './catalog.js';
import { runtimeStream } from './runtime-stream.js';
import { consumers, streams, subjectsOf } from './topology.js';

/** Stream of the heartbeat of PostgreSQL, with its subject. */
export const databaseStream = 'tidewaiter-database';
export const databaseSubject = 'tidewaiter.database';

/** Services with a user of their own in NATS. */
export const busServices = ['console', 'detector', 'ingest', 'notifier', 'scanner'] as const;

export type BusService = (typeof busServices)[number];

/** Subjects, with wildcards, that a user of NATS may publish on and subscribe to. */
export interface BusPermissions {
  publish: string[];
  subscribe: string[];
}

/** Subjects of the replies to one service: no other user may read them. */
export function inboxPrefix(service: string): string {
  return `_INBOX_${service}`;
}

/**
 * Subjects that a service needs. Every process publishes the events of the outbox and reconciles
 * streams and consumers; runtime events are published by ingest alone, and read and purged by the
 * detector alone. No service deletes a stream or reads another one's consumer.
 */
export function busPermissions(service: BusService): BusPermissions {
  const ofOutbox = streams.filter(({ name }) => name !== runtimeStream).flatMap(subjectsOf);
  const own = Object.values(consumers).filter(({ name }) => name === service);
  return {
    publish: [
      ...ofOutbox,
      callSubjects,
      '$JS.API.INFO',
      ...streams.flatMap(({ name }) => ['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${name}`)),
      ...Object.values(consumers).flatMap(({ stream, name }) => [
        `$JS.API.CONSUMER.INFO.${stream}.${name}`,
        `$JS.API.CONSUMER.CREATE.${stream}.${name}`,
        `$JS.API.CONSUMER.CREATE.${stream}.${name}.>`,
        `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${name}`,
      ]),
      ...own.flatMap(({ stream, name }) => [
        `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
        `$JS.ACK.${stream}.${name}.>`,
      ]),
      ...(service === 'ingest' ? [`${runtimeObserved.channel}.*`, ...restoring] : []),
      ...(service === 'detector' ? runtimeReading : []),
    ],
    subscribe: [`${inboxPrefix(service)}.>`, callSubjects, ...ofOutbox],
  };
}

/** Wake-up calls between the replicas of a service. */
const callSubjects = 'tidewaiter.call.>';

/** A reader in order has a consumer without a name. */
const runtimeReading = [
  `$JS.API.CONSUMER.CREATE.${runtimeStream}`,
  ...['CREATE', 'INFO', 'DELETE', 'MSG.NEXT'].map((verb) => `$JS.API.CONSUMER.${verb}.${runtimeStream}.>`),
  `$JS.API.STREAM.PURGE.${runtimeStream}`,
];

/** Ingest mirrors the heartbeat of PostgreSQL, and reads past events after a restore. */
const restoring = [
  databaseSubject,
  ...['INFO', 'CREATE', 'MSG.GET'].map((verb) => `$JS.API.STREAM.${verb}.${databaseStream}`),
  `$JS.API.STREAM.MSG.GET.${runtimeStream}`,
  ...streams
    .filter(({ name }) => name !== runtimeStream)
    .flatMap(({ name }) => [
      `$JS.API.CONSUMER.CREATE.${name}`,
      ...['CREATE', 'MSG.NEXT'].map((verb) => `$JS.API.CONSUMER.${verb}.${name}.>`),
    ]),
];
