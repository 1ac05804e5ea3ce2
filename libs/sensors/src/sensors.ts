import type { Observation, RuntimeRecord } from '@tidewaiter/domain';

import { cloudtrail } from './cloudtrail/cloudtrail.js';
import { cri } from './cri/cri.js';
import { falco } from './falco/falco.js';
import { generic } from './generic/generic.js';
import { guardduty } from './guardduty/guardduty.js';
import { kubernetesAudit } from './kubernetes-audit/kubernetes-audit.js';
import { kubernetesWatch } from './kubernetes-watch/kubernetes-watch.js';
import type { Sensor } from './sensor.js';
import { tetragon } from './tetragon/tetragon.js';
import { tracee } from './tracee/tracee.js';

/** Every kind of sensor whose events we read. */
export const sensors: readonly Sensor[] = [
  falco,
  tetragon,
  tracee,
  kubernetesAudit,
  kubernetesWatch,
  cloudtrail,
  guardduty,
  cri,
  generic,
];

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
