import { sensorTarget } from '../sensor-target.ts';

export const sensorCri = sensorTarget('cri');
