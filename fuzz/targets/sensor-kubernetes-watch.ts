import { sensorTarget } from '../sensor-target.ts';

export const sensorKubernetesWatch = sensorTarget('kubernetes-watch');
