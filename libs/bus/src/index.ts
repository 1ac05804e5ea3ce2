export { Bus } from './connection.js';
export { BusModule } from './bus.module.js';
export type { BusOptions } from './bus.module.js';
export { JetStreamServer } from './jetstream-server.js';
export type { DeadLetterSink } from './jetstream-server.js';
export { Subscribe } from './subscribe.js';
