import { sensorTarget } from '../sensor-target.ts';

export const sensorTetragon = sensorTarget('tetragon');
