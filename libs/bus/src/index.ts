export { Bus } from './connection.js';
export type { OwnConsumer } from './connection.js';
export { OrderedReader } from './ordered-reader.js';
export type { InOrder, StreamMessage, StreamPlace } from './ordered-reader.js';
export { BusModule } from './bus.module.js';
export type { BusOptions } from './bus.module.js';
export { JetStreamServer } from './jetstream-server.js';
export type { DeadLetterSink } from './jetstream-server.js';
export { Subscribe } from './subscribe.js';
