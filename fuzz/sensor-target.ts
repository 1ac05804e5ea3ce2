import type { RuntimeSource } from '@tidewaiter/domain';
import { logsourcesOf, observe, scalarsOf, sensorOf, sigmaField } from '@tidewaiter/sensors';

import type { Target } from './target.ts';

const fields = { id: 'id', at: 'ts', node: 'host', 'process.executable': 'exe', 'container.image': 'image' };
const connection = {
  sensor: 'fuzz',
  cluster: null,
  receivedAt: '2026-01-02T03:04:05Z',
  fingerprintKey: Buffer.alloc(32),
  fields,
};

/** Parses a body of a sensor, and reads every value of its records that the detector uses. */
export function sensorTarget(source: RuntimeSource): Target {
  const sensor = sensorOf(source);
  if (sensor === undefined) throw new Error(`no sensor is called ${source}`);
  return {
    name: `sensor-${source}`,
    run: (body) =>
      sensor.read(body, connection).records.map((record) => {
        const observation = observe(record);
        const asked = ['Image', 'hostPath', 'Request.Images', 'Network.ParentDomain', '__proto__.x'].map(
          (name) => sigmaField(observation, name) ?? null,
        );
        // The time of an event is checked when it is read.
        if (Number.isNaN(observation.timeMs)) throw new Error(`${record.at} is no time`);
        return {
          record,
          observation,
          asked,
          logsources: logsourcesOf(observation),
          scalars: [...scalarsOf(observation)],
        };
      }),
  };
}
