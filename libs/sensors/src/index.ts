export type { Connection, ReadRecords, Sensor } from './sensor.js';
