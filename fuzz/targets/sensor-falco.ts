import { sensorTarget } from '../sensor-target.ts';

export const sensorFalco = sensorTarget('falco');
