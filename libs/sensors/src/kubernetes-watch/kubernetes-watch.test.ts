import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { kubernetesWatch } from './kubernetes-watch.js';

const connection = {
  sensor: 'watch',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const text = readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8');
const sample = JSON.parse(text) as { type: string; object: JsonObject & { metadata: JsonObject; status: JsonObject } };
const pod = sample.object;

const read = (body: object) => kubernetesWatch.read(Buffer.from(JSON.stringify(body)), connection);
const see = (change: object) =>
  read({ ...sample, object: { ...pod, ...change } }).records.map(kubernetesWatch.observe)[0];

describe('kubernetesWatch', () => {
  it('reads a pod, without what nobody should keep', () => {
    const [record] = read(sample).records;
    expect(record).toMatchObject({
      id: expect.stringMatching(/^5b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b@[0-9a-f]{32}-2026-01-02$/),
      node: 'node-1',
      at: '2026-01-02T03:00:09Z',
      seenAt: '2026-01-02T03:04:06Z',
      event: {
        type: 'MODIFIED',
        object: {
          spec: { containers: [{ env: [{ name: 'PASSWORD' }, { name: 'KEY', valueFrom: {} }] }] },
          status: { containerStatuses: [{ containerID: expect.stringMatching(/^containerd:/) }] },
          metadata: { annotations: { team: 'shop' } },
        },
      },
    });
    expect(JSON.stringify(record)).not.toMatch(/hunter2|managedFields/);
    expect(see({})).toMatchObject({
      activity: 'container',
      pod: { namespace: 'shop', workloadKind: 'Deployment', workload: 'checkout', serviceAccount: 'checkout' },
    });
  });

  it.each([
    ['a ReplicaSet', [{ kind: 'ReplicaSet', name: 'checkout-7c9d8f6b5d' }], 'Deployment', 'checkout'],
    ['a ReplicaSet of nobody', [{ kind: 'ReplicaSet', name: 'other' }], 'ReplicaSet', 'other'],
    [
      'a DaemonSet beside another',
      [
        { kind: 'X', name: 'x' },
        { kind: 'DaemonSet', name: 'agent', controller: true },
      ],
      'DaemonSet',
      'agent',
    ],
    ['nobody', [], 'Pod', 'checkout-7c9d8f6b5d-x2x8k'],
  ])('finds who made it: %s', (_, ownerReferences, workloadKind, workload) => {
    expect(see({ metadata: { ...pod.metadata, ownerReferences } })?.pod).toMatchObject({ workloadKind, workload });
  });

  it('knows the same state again, in a list too, and another as news', () => {
    const id = (body: object) => read(body).records[0]?.id;
    const listed = { kind: 'PodList', apiVersion: 'v1', items: [{ ...pod, kind: undefined, apiVersion: undefined }] };
    const added = id({ ...sample, type: 'ADDED' });
    expect(added).toBe(id(sample));
    expect(id(pod)).toBe(added);
    expect(read(listed).records[0]?.event).toMatchObject({ type: 'ADDED', object: { kind: 'Pod' } });
    expect(id({ ...sample, object: { ...pod, status: { phase: 'Failed' } } })).not.toBe(added);
    expect(id({ ...sample, type: 'DELETED' })).toBe(added?.replace(/-2026-01-02$/, '-deleted'));
  });

  it('takes a pod that is listed again the next day for one that still runs, and nothing else', () => {
    const idOn = (day: string, body: object) =>
      kubernetesWatch.read(Buffer.from(JSON.stringify(body)), { ...connection, receivedAt: `${day}T03:04:06Z` })
        .records[0];
    expect(idOn('2026-01-02', sample)?.id).not.toBe(idOn('2026-01-03', sample)?.id);
    for (const other of [
      { ...sample, type: 'DELETED' },
      { ...sample, object: { ...pod, kind: 'Node' } },
    ]) {
      expect(idOn('2026-01-02', other)?.id).toBe(idOn('2026-01-03', other)?.id);
      expect(idOn('2026-01-02', other)).not.toHaveProperty('seenAt');
    }
  });

  it.each([
    ['BOOKMARK', 'bookmark'],
    ['ERROR', 'error'],
  ])('counts %s as %s', (type, reason) => {
    expect(read({ type, object: { kind: 'Pod', metadata: {} } })).toMatchObject({
      records: [],
      ignored: { [reason]: 1 },
    });
  });

  it.each([
    [
      'a state',
      { status: { containerStatuses: [{ lastState: { terminated: { finishedAt: '2026-01-02T05:00:00Z' } } }] } },
      '2026-01-02T05:00:00Z',
    ],
    ['its end', { metadata: { ...pod.metadata, deletionTimestamp: '2026-01-02T06:00:00Z' } }, '2026-01-02T06:00:00Z'],
    ['when it came', { metadata: { name: 'x' }, status: {} }, connection.receivedAt],
  ])('knows its time by %s', (_, change, at) => {
    expect(see(change)?.at).toBe(at);
  });

  it('takes other objects too, without their secrets', () => {
    const secret = {
      type: 'ADDED',
      object: { kind: 'Secret', metadata: { name: 's', namespace: 'shop' }, data: { a: 'hunter2' } },
    };
    const [record] = read(secret).records;
    expect(JSON.stringify(record)).not.toContain('hunter2');
    expect(record && kubernetesWatch.observe(record)).toMatchObject({ activity: 'container', pod: null });
    const workload = {
      kind: 'CronJob',
      metadata: { name: 'c' },
      spec: {
        jobTemplate: { spec: { template: { spec: { containers: [{ env: [{ name: 'P', value: 'hunter2' }] }] } } } },
      },
    };
    expect(JSON.stringify(read(workload).records)).not.toContain('hunter2');
  });
});
