import { evidenceOf } from './evidence.js';
import type { KubernetesObject } from './kubernetes.js';

const pod: KubernetesObject = {
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: 'u1',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"env":[{"value":"hunter2"}]}', team: 'shop' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web-5d', uid: 'r1', controller: true }],
  },
  spec: {
    nodeName: 'node-1',
    containers: [
      {
        name: 'web',
        image: 'registry.example.com/shop/web:1',
        args: ['--password=Tr0ub4dor&3x'],
        env: [
          { name: 'DATABASE', value: 'hunter2' },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        ],
      },
    ],
  },
  status: { podIP: '10.0.0.7', containerStatuses: [{ name: 'web', imageID: `registry/web@sha256:${'a'.repeat(64)}` }] },
};

const event = (second: number, message = 'Started') => ({
  ...{ metadata: { name: `e${second}`, uid: `e${second}` }, reason: 'Started', message, count: 1 },
  lastTimestamp: `2027-03-01T10:00:${String(second).padStart(2, '0')}Z`,
});

describe('evidenceOf', () => {
  it('has the spec, the owners and the digests that ran', () => {
    const evidence = evidenceOf(pod, [], []);
    expect(evidence.owners).toEqual(['ReplicaSet/web-5d (r1)']);
    expect(evidence.images).toEqual([`web: registry/web@sha256:${'a'.repeat(64)}`]);
    expect(evidence.object).toMatchObject({ metadata: { uid: 'u1' }, spec: { nodeName: 'node-1' } });
  });

  it('has no value of a variable, no secret of an argument and no applied manifest', () => {
    const text = JSON.stringify(evidenceOf(pod, [pod], [event(1, 'failed: --password=Tr0ub4dor&3x')]));
    for (const secret of ['hunter2', 'Tr0ub4dor', 'last-applied']) expect(text).not.toContain(secret);
    expect(text).toContain('secretKeyRef');
  });

  it('keeps the newest events', () => {
    const events = Array.from({ length: 40 }, (_, second) => event(second));
    const kept = evidenceOf(pod, [], events).events;
    expect(kept).toHaveLength(20);
    expect(kept[0]).toMatchObject({ at: '2027-03-01T10:00:39Z' });
  });

  it('bounds a large object', () => {
    const large = { ...pod, spec: { text: 'word '.repeat(100_000) } };
    expect(JSON.stringify(evidenceOf(large, [], [])).length).toBeLessThan(200_000);
  });
});
