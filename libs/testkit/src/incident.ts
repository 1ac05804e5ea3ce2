import { createHash } from 'node:crypto';

import type { Incident } from '@tidewaiter/domain';

const hex = (name: string) => createHash('sha256').update(name).digest('hex');

/** The UUID that stands for a name. */
export function uuidOf(name: string): string {
  const digits = hex(name);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/**
 * Incident of two steps as the detector reports it: a dropped program that connects to a mining
 * pool.
 */
export function minerIncident(more: Partial<Incident> = {}): Incident {
  const imageDigest = `sha256:${hex('checkout')}`;
  return {
    id: uuidOf('miner'),
    revision: 1,
    state: 'open',
    mergedInto: null,
    title: 'Miner in shop/Deployment/checkout',
    titleRank: 2,
    sentence: 'A program that is not in the image was written to /tmp and talks to a mining pool.',
    severity: 'high',
    score: 80,
    workload: 'shop/Deployment/checkout',
    image: 'registry.example.com/shop/checkout:1.4',
    imageDigest,
    cluster: 'eu1',
    namespace: 'shop',
    openedBy: 'e1',
    firstSeen: '2026-11-25T01:02:03.123456789Z',
    lastSeen: '2026-11-25T01:02:09.5Z',
    count: 3,
    findings: ['drift', 'miner'],
    techniques: ['T1059', 'T1496.001'],
    steps: [
      {
        title: 'Dropped program started',
        technique: 'T1059',
        stage: 'execution',
        severity: 'high',
        at: '2026-11-25T01:02:03.123456789Z',
        events: ['e1', 'e2'],
      },
      {
        title: 'Connection to mining pool',
        technique: 'T1496.001',
        stage: 'impact',
        severity: 'high',
        at: '2026-11-25T01:02:09.5Z',
        events: ['e3'],
      },
    ],
    evidence: [
      {
        event: 'e1',
        at: '2026-11-25T01:02:03.123456789Z',
        source: 'tetragon',
        rule: 'Program started that the image does not have',
        text: '/tmp/.x/kthreadd -o pool.example.net:3333',
        where: 'shop/checkout-7d4c/checkout',
        record: { process_exec: { process: { binary: '/tmp/.x/kthreadd' } } },
      },
    ],
    workloads: [
      {
        cluster: 'eu1',
        workload: 'shop/Deployment/checkout',
        imageDigest,
        firstSeen: '2026-11-25T01:02:03.123456789Z',
        pods: ['checkout-7d4c'],
      },
    ],
    artifacts: [
      { kind: 'sha256', value: hex('kthreadd') },
      { kind: 'destination', value: 'pool.example.net:3333' },
    ],
    factsUsed: ['/tmp/.x/kthreadd is not in the image', 'The image is unsigned'],
    nextSteps: ['Cordon the node and keep the pod for inspection', 'Roll back to the digest before this one'],
    rules: [
      {
        id: uuidOf('rule'),
        title: 'Program started that the image does not have',
        author: 'Jane Doe',
        license: 'DRL-1.1',
        link: 'https://rules.example.com/drift',
      },
    ],
    ...more,
  };
}
