import { sensorMessage, type SensorReport } from './sensor-message.js';

const report: SensorReport = {
  sensor: 'nodes',
  kind: 'tetragon',
  cluster: 'eu1',
  status: 'firing',
  heardAt: '2026-01-02T03:04:05.000Z',
  silentSince: '2026-01-02T03:04:05.000Z',
};

describe('sensorMessage', () => {
  it('names the stale sensor, its cluster and the time of its last record', () => {
    expect(sensorMessage(report)).toMatchObject({
      kind: 'sensor',
      status: 'firing',
      severity: 'high',
      title: 'High · Sensor nodes is silent',
      summary: expect.stringMatching(
        /^No events since .*2026.* of the cluster eu1 is not monitored: check whether the sensor runs/,
      ),
      facts: [
        { label: 'Sensor', value: 'nodes (tetragon)' },
        { label: 'Cluster', value: 'eu1' },
        { label: 'Last heard', value: expect.stringContaining('2026') },
      ],
    });
  });

  it('reports that the sensor is back, and the gap', () => {
    expect(sensorMessage({ ...report, status: 'resolved', cluster: null })).toMatchObject({
      status: 'resolved',
      title: 'Resolved · Sensor nodes sends again',
      summary: expect.stringMatching(/^It was silent since .* was not monitored/),
    });
  });
});
