import type { Observation, RuntimeRecord } from '@tidewaiter/domain';

import { cloudtrail } from './cloudtrail/cloudtrail.js';
import { falco } from './falco/falco.js';
import { kubernetesAudit } from './kubernetes-audit/kubernetes-audit.js';
import type { Sensor } from './sensor.js';
import { tetragon } from './tetragon/tetragon.js';

/** Every kind of sensor whose events we read. */
export const sensors: readonly Sensor[] = [falco, tetragon, kubernetesAudit, cloudtrail];

const byWord: ReadonlyMap<string, Sensor> = new Map(
  sensors.flatMap((sensor) => [sensor.source, ...sensor.aliases].map((word) => [word, sensor] as const)),
);

/** The sensor by the word of `kind:` or an alias. */
export function sensorOf(word: string): Sensor | undefined {
  return byWord.get(word);
}

/** A record in our words. @throws TypeError for a source that we do not know */
export function observe(record: RuntimeRecord): Observation {
  const sensor = byWord.get(record.source);
  if (sensor === undefined) throw new TypeError(`no sensor is called ${record.source}`);
  return sensor.observe(record);
}
