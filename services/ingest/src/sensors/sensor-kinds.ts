import { falco } from './falco/falco.js';
import type { SensorKind } from './sensor-kind.js';

/** Every kind of runtime sensor whose events we read. */
export const sensorKinds: readonly SensorKind[] = [falco];

/** The kind by its name. */
export function sensorKind(name: string): SensorKind | undefined {
  return sensorKinds.find(({ kind }) => kind === name);
}
