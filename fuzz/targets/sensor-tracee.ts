import { sensorTarget } from '../sensor-target.ts';

export const sensorTracee = sensorTarget('tracee');
