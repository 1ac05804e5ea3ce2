/** Number of events of each sensor that one core parses and observes. See README.md. */
import { cpuUsage } from 'node:process';

import type { RuntimeRecord } from '@tidewaiter/domain';
import { logsourcesOf, observe, sensorOf, sigmaField } from '@tidewaiter/sensors';

import { audit, dropped, exec, falcoAlert, write } from './sensor-events.ts';

const events = 20_000;
const rounds = 5;
const connection = {
  sensor: 'bench',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:05Z',
  fingerprintKey: Buffer.alloc(32),
};

/** Parses and observes messages in JSON, the detector's input. */
function observeAll(messages: readonly string[]): number {
  let seen = 0;
  for (const message of messages) {
    for (const record of JSON.parse(message) as RuntimeRecord[]) {
      const observation = observe(record);
      if (logsourcesOf(observation).length > 0 && sigmaField(observation, 'Image') !== 0) seen += 1;
    }
  }
  return seen;
}

/** Best of some rounds, in thousands per second on one core. */
function rate(work: () => number): string {
  let best = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = cpuUsage();
    const done = work();
    const { user, system } = cpuUsage(before);
    best = Math.max(best, done / ((user + system) / 1e6));
  }
  return `${(best / 1000).toFixed(0).padStart(6)} k/s`;
}

console.log('events a second on one core');
for (const [kind, title, make] of [
  ['tetragon', 'process_exec', exec],
  ['tetragon', 'file written', write],
  ['falco', 'alert', falcoAlert],
  ['kubernetes-audit', 'exec into a pod', audit],
  ['tracee', 'dropped executable, 64-bit numbers', dropped],
] as const) {
  const body = Buffer.from(Array.from({ length: events }, (_, index) => make(index)).join('\n'));
  const sensor = sensorOf(kind);
  if (!sensor) throw new Error(`no sensor is called ${kind}`);
  const { records } = sensor.read(body, connection);
  const messages = Array.from({ length: events / 100 }, (_, index) =>
    JSON.stringify(records.slice(index * 100, index * 100 + 100)),
  );
  const bytes = Math.round(body.length / events);
  console.log(`${kind}, ${title}, ${bytes} bytes`);
  console.log(`  ${rate(() => JSON.parse(`[${body.toString().replaceAll('\n', ',')}]`).length)}  JSON.parse alone`);
  console.log(`  ${rate(() => sensor.read(body, connection).records.length)}  bytes to records (ingest)`);
  console.log(`  ${rate(() => observeAll(messages))}  messages to observations (detector)`);
}
