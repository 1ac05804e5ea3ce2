import { sensorTarget } from '../sensor-target.ts';

export const sensorKubernetesAudit = sensorTarget('kubernetes-audit');
