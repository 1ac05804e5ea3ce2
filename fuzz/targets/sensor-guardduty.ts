import { sensorTarget } from '../sensor-target.ts';

export const sensorGuardduty = sensorTarget('guardduty');
