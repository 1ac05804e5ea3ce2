import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Digest, JsonObject, RuntimeRecord, RuntimeSource } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { sensorOf } from '@tidewaiter/sensors';
import { loadRules } from '@tidewaiter/sigma';
import { ContainerLedger } from '@tidewaiter/workloads';
import * as fc from 'fast-check';

import { Detector } from '../detector.js';
import { IncidentBuilder } from '../incidents/incident-builder.js';

const folder = join(__dirname, '../../../../rules');
const rules = loadRules(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yml'))
    .map((name) => ({ path: name, text: readFileSync(join(folder, name), 'utf8') })),
);

const startMs = Date.parse('2026-11-25T10:42:00Z');
const at = (seconds: number) => new Date(startMs + seconds * 1000).toISOString();
const id = '8f4ae1a7a49c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6';
const digest: Digest = `sha256:${'ab'.repeat(32)}`;
const known = factsFromFile({
  cluster: 'eu1',
  images: {
    [digest]: {
      repository: 'registry.example.com/shop/app',
      tag: '1.4',
      signature: { signed: false },
      files: { '/bin/sh': {}, '/app/server': {} },
    },
  },
});

function record(name: string, seconds: number, source: RuntimeSource, event: JsonObject): RuntimeRecord {
  const connection = { sensor: 'test', cluster: 'eu1', receivedAt: at(seconds), fingerprintKey: Buffer.alloc(32) };
  const [read] = sensorOf(source)!.read(Buffer.from(JSON.stringify(event)), connection).records;
  return { ...read!, id: name, at: at(seconds) };
}

const falco = (name: string, seconds: number, rule: string, containerId: string) =>
  record(name, seconds, 'falco', {
    rule,
    priority: 'Critical',
    output: rule,
    time: at(seconds),
    hostname: 'node-1',
    tags: [],
    output_fields: { 'container.id': containerId, 'proc.exepath': '/dev/shm/.k', 'proc.cmdline': '/dev/shm/.k' },
  });

const exec = (name: string, seconds: number, process: JsonObject) =>
  record(name, seconds, 'tetragon', {
    process_exec: {
      process: {
        exec_id: Buffer.from(name).toString('base64'),
        pid: seconds,
        uid: 0,
        binary: '/dev/shm/.k',
        ...process,
      },
    },
    node_name: 'node-1',
    time: at(seconds),
  });

const pod = record('pod', 0, 'kubernetes-watch', {
  type: 'ADDED',
  object: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'app-7c9d8f6b5-abcde',
      namespace: 'shop',
      uid: '5b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'app-7c9d8f6b5', controller: true }],
      labels: { 'pod-template-hash': '7c9d8f6b5' },
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.example.com/shop/app:1.4' }] },
    status: {
      containerStatuses: [
        {
          name: 'app',
          containerID: `containerd://${id}`,
          imageID: `registry.example.com/shop/app@${digest}`,
          image: 'registry.example.com/shop/app:1.4',
          state: { running: { startedAt: at(0) } },
        },
      ],
    },
  },
});

const events = [
  falco('short', 1, 'A rule of the user', id.slice(0, 12)),
  exec('cut', 2, { docker: id.slice(0, 31) }),
  falco('whole', 3, 'Another rule of the user', id),
  exec('prefixed', 4, { pod: { container: { id: `containerd://${id}` } } }),
];

type Report = RuntimeRecord | 'image analyzed';

/**
 * Runs the reports of sensors, the watch and the scanner in an order, two seconds apart, and
 * returns the incidents.
 */
function incidentsAfter(reports: readonly Report[]) {
  let isAnalyzed = false;
  const ledger = new ContainerLedger();
  const facts = { ...known.facts, workload: () => null, workloadsOf: () => [], secretOfKey: () => null };
  const image = (asked: Digest) => (isAnalyzed ? known.facts.image(asked) : null);
  const detector = new Detector({
    ...rules,
    facts: factContext({ facts: { ...facts, image }, policy: known.policy, lookup: ledger }),
    allowedLatenessMs: 500,
    clock: 'caller',
    onObserved: (observation) => ledger.observe(observation),
  });
  const builder = new IncidentBuilder();
  let nowMs = startMs + 60_000;
  for (const report of [...reports, null]) {
    if (report === 'image analyzed') isAnalyzed = true;
    else if (report !== null) detector.observe(report);
    nowMs += 2_000;
    for (const alert of detector.advance(nowMs)) builder.add(alert);
    builder.advance(nowMs);
  }
  const incidents = builder.incidents().filter(({ state }) => state !== 'merged');
  return incidents.map(
    ({ title, severity, workload, namespace, imageDigest, image: name, findings, factsUsed, steps }) => ({
      ...{ title, severity, workload, namespace, imageDigest, name, findings, factsUsed },
      events: steps.flatMap((step) => step.events).toSorted(),
    }),
  );
}

describe('UnplacedEvents', () => {
  const reports: Report[] = [pod, 'image analyzed', ...events];
  const wanted = incidentsAfter(reports);

  it('does not keep events whose pod and image are known', () => {
    expect(wanted).toMatchObject([
      {
        title: expect.stringContaining('shop/Deployment/app'),
        severity: 'critical',
        workload: 'shop/Deployment/app',
        namespace: 'shop',
        imageDigest: digest,
        name: 'registry.example.com/shop/app:1.4',
        factsUsed: expect.arrayContaining(['/dev/shm/.k is not in the image']),
      },
    ]);
  });

  it('leads to the same incident in any order of sensors, watch and scanner', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(reports, { minLength: reports.length, maxLength: reports.length }),
        (shuffled) => {
          expect(incidentsAfter(shuffled)).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(['', 'containerd://', 'docker://', 'cri-o://'])(
    'finds a container by any part of its id, after %j',
    (prefix) => {
      const alone = [12, 31, 64].map((length, index) =>
        falco(`e${index}`, index, `Rule ${index}`, `${prefix}${id.slice(0, length)}`),
      );
      expect(incidentsAfter(alone)).toHaveLength(1);
    },
  );
});
