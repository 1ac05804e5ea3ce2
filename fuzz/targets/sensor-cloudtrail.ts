import { sensorTarget } from '../sensor-target.ts';

export const sensorCloudtrail = sensorTarget('cloudtrail');
