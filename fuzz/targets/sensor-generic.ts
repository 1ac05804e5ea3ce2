import { sensorTarget } from '../sensor-target.ts';

export const sensorGeneric = sensorTarget('generic');
