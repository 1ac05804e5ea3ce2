import type { Observation } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { observe } from '@tidewaiter/sensors';

import { PodOrigins, type Visitor } from './pod-origins.js';

const { facts, policy } = factsFromFile({
  images: {},
  workloads: {},
  policy: { admins: ['ops@example.com'], internal_ranges: ['10.0.0.0/8'] },
});
const context = factContext({ facts, policy });

function exec(username: string, userAgent: string, address: string): Observation {
  const event = {
    kind: 'Event',
    stage: 'ResponseComplete',
    verb: 'create',
    user: { username },
    userAgent,
    sourceIPs: [address],
    objectRef: { resource: 'pods', subresource: 'exec', namespace: 'work', name: 'job-x' },
    responseStatus: { code: 101 },
  };
  const at = '2026-03-03T01:12:00Z';
  return observe({ id: 'a', source: 'kubernetes-audit', sensor: 'test', cluster: 'eu1', node: null, at, event });
}

const operator = 'system:serviceaccount:velero:velero';

describe('PodOrigins', () => {
  it.each<[string, Visitor | null, string, string, string]>([
    ['an administrator', 'admin', 'ops@example.com', 'kubectl/v1.33', '10.9.0.4'],
    ['a person from inside', 'person', 'dev@example.com', 'kubectl/v1.33', '10.9.0.4'],
    ['a controller with its own program', 'controller', operator, 'velero-server/v1.16', '10.1.2.3'],
    ['no person from the internet', null, 'dev@example.com', 'kubectl/v1.33', '203.0.113.4'],
    ['no tool with the token of a controller', null, operator, 'kubectl/v1.33', '10.1.2.3'],
    ['no anonymous user', null, 'system:anonymous', 'curl/8.1', '10.1.2.3'],
  ])('names %s who runs a command in a pod', (_, visitor, user, agent, address) => {
    const origins = new PodOrigins();
    origins.note(exec(user, agent, address), context);
    const restored = new PodOrigins();
    restored.restore(origins.snapshot());
    const pod = { namespace: 'work', name: 'job-x' } as Observation['pod'];
    expect(restored.visitorOf({ ...exec(user, agent, address), pod })).toBe(visitor);
  });
});
