export { genericFields } from './generic/fields.js';
export type { SensorSource, GenericSensorFields, SensorRecords, Sensor } from './sensor.js';
export { sensorsMarkdown } from './sensor-page.js';
export { observe, sensorOf, sensors } from './sensors.js';
export { neutralFieldNames } from './neutral-fields.js';
export { isNativeAsked, logsourcesOf, nativeMembers, scalarsOf, sigmaField, sigmaGetter } from './sigma-view.js';
