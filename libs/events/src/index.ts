export { busPermissions, busServices, databaseStream, databaseSubject, inboxPrefix } from './bus-permissions.js';
export type { BusPermissions, BusService } from './bus-permissions.js';
export { draft, eventType } from './event-type.js';
export type { CloudEvent, DataOf, Draft, EventOf, EventType } from './event-type.js';
export {
  advisoryChanged,
  catalog,
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
  auditRecorded,
  sensorSilenced,
  tagMoved,
} from './catalog.js';
export { consumers, consumersOf, streams, subjectsOf } from './topology.js';
export type { Consumer, Stream } from './topology.js';
export { partitionOf, runtimeChannel, runtimePartitions, runtimeStream } from './runtime-stream.js';
export type { RecordPlace } from './runtime-stream.js';
export { ObservedMessage } from './observed-message.js';
export { eventTypeNamed, readEvent } from './envelope.js';
export { asyncApi, eventsMarkdown } from './document.js';
