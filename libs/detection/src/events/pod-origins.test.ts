import type { JsonObject, Observation } from '@tidewaiter/domain';
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
  const objectRef = { resource: 'pods', subresource: 'exec', namespace: 'work', name: 'job-x' };
  return audit({ user: { username }, userAgent, sourceIPs: [address], objectRef });
}

const ofReplicaSets = 'system:serviceaccount:kube-system:replicaset-controller';

/** Creation of a pod. */
function pod(username: string, spec: JsonObject, namespace = 'work'): Observation {
  const userAgent = username === ofReplicaSets ? 'kube-controller-manager/v1.33.4' : 'okhttp/3.12';
  const objectRef = { resource: 'pods', namespace, name: 'x' };
  return audit({ user: { username }, userAgent, sourceIPs: ['10.1.2.3'], objectRef, requestObject: { spec } });
}

function audit(request: JsonObject): Observation {
  const event = {
    kind: 'Event',
    stage: 'ResponseComplete',
    verb: 'create',
    responseStatus: { code: 201 },
    ...request,
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
    [
      'a component of the cluster with a program of its own',
      'controller',
      'system:serviceaccount:kasten-io:k10-k10',
      'executor/v0.0.0',
      '10.1.2.3',
    ],
    ['no person from the internet', null, 'dev@example.com', 'kubectl/v1.33', '203.0.113.4'],
    ['no tool with the token of a controller', null, operator, 'kubectl/v1.33', '10.1.2.3'],
    ['no anonymous user', null, 'system:anonymous', 'curl/8.1', '10.1.2.3'],
  ])('names %s who runs a command in a pod', (_, visitor, user, agent, address) => {
    const origins = new PodOrigins();
    origins.note(exec(user, agent, address), context);
    const restored = new PodOrigins();
    restored.restore(origins.snapshot());
    const place = { namespace: 'work', name: 'job-x' } as Observation['pod'];
    expect(restored.visitorOf({ ...exec(user, agent, address), pod: place })).toBe(visitor);
  });

  it.each<[string, string, string, number, Visitor | null]>([
    ['a controller, whose hook is over', operator, 'velero-server/v1.16', 31, null],
    ['an administrator, whose shell stays open', 'ops@example.com', 'kubectl/v1.33', 31, 'admin'],
  ])('remembers %s', (_, user, agent, minutes, visitor) => {
    const origins = new PodOrigins();
    const observation = exec(user, agent, '10.1.2.3');
    origins.note(observation, context);
    const pod = { namespace: 'work', name: 'job-x' } as Observation['pod'];
    expect(origins.visitorOf({ ...observation, pod, timeMs: observation.timeMs + minutes * 60_000 })).toBe(visitor);
  });

  it('names who added a container for debugging, for the processes that it starts', () => {
    const origins = new PodOrigins();
    const objectRef = { resource: 'pods', subresource: 'ephemeralcontainers', namespace: 'work', name: 'job-x' };
    const requestObject = { spec: { ephemeralContainers: [{ name: 'debugger' }] } };
    const user = { username: 'dev@example.com' };
    const sourceIPs = ['10.9.0.4'];
    origins.note(
      audit({ verb: 'patch', user, userAgent: 'kubectl/v1.33', sourceIPs, objectRef, requestObject }),
      context,
    );
    const start = (container: string) => ({
      ...exec('dev@example.com', 'kubectl/v1.33', '10.9.0.4'),
      pod: { namespace: 'work', name: 'job-x' } as Observation['pod'],
      container: { name: container } as Observation['container'],
      process: { inInitTree: true } as Observation['process'],
    });
    expect(origins.visitorOf(start('debugger'))).toBe('person');
    expect(origins.visitorOf(start('main'))).toBeNull();
  });

  it.each<[string, Visitor, { creator?: string; changedBy?: string; hours?: number }]>([
    ['the person who created it', 'owner', {}],
    ['the person who created it the day before', 'person', { hours: 25 }],
    ['another person', 'person', { creator: 'kim@example.com' }],
    ['the person who created it, after another has changed it', 'person', { changedBy: 'kim@example.com' }],
  ])('names %s who runs a command in a workload', (_, visitor, { creator, changedBy, hours = 1 }) => {
    const origins = new PodOrigins();
    const change = (username: string, verb: string) =>
      audit({
        verb,
        user: { username },
        userAgent: 'kubectl/v1.33',
        sourceIPs: ['10.9.0.4'],
        objectRef: { resource: 'deployments', namespace: 'work', name: 'job' },
      });
    origins.note(change(creator ?? 'dev@example.com', 'create'), context);
    if (changedBy !== undefined) origins.note(change(changedBy, 'patch'), context);
    const opened = exec('dev@example.com', 'kubectl/v1.33', '10.9.0.4');
    const timeMs = opened.timeMs + hours * 3_600_000;
    origins.note({ ...opened, timeMs }, context);
    const restored = new PodOrigins();
    restored.restore(origins.snapshot());
    const place = {
      namespace: 'work',
      name: 'job-x',
      workload: 'job',
      workloadKind: 'Deployment',
    } as Observation['pod'];
    expect(restored.visitorOfWorkload({ ...opened, timeMs, pod: place }, context)).toBe(visitor);
  });

  it('names the maker of a pod without a controller once it has attached', () => {
    const origins = new PodOrigins();
    const request = {
      user: { username: 'dev@example.com' },
      userAgent: 'kubectl/v1.33',
      sourceIPs: ['10.9.0.4'],
      objectRef: { resource: 'pods', namespace: 'work', name: 'debug' },
    };
    const start = audit(request);
    const process = { inInitTree: true } as Observation['process'];
    const place = { namespace: 'work', name: 'debug', workload: 'debug', workloadKind: 'Pod' } as Observation['pod'];
    origins.note(start, context);
    expect(origins.visitorOfWorkload({ ...start, pod: place, process }, context)).toBeNull();
    const attach = { ...request, objectRef: { ...request.objectRef, subresource: 'attach' } };
    origins.note(audit({ ...attach, sourceIPs: ['203.0.113.4'] }), context);
    expect(origins.visitorOfWorkload({ ...start, pod: place, process }, context)).toBeNull();
    origins.note(audit(attach), context);
    expect(origins.visitorOfWorkload({ ...start, pod: place, process }, context)).toBe('owner');
  });

  const image = 'docker.io/apache/spark:4.0.0';
  const containers = [{ name: 'main', image }];
  const driver = 'system:serviceaccount:work:driver';

  it.each<[string, boolean | undefined, string, JsonObject, string]>([
    ['its own image in its own namespace', true, driver, { containers }, 'work'],
    [
      'another image',
      false,
      driver,
      { containers: [...containers, { name: 'x', image: 'docker.io/evil/x:1' }] },
      'work',
    ],
    ['its image in another namespace', false, driver, { containers }, 'kube-system'],
    [
      'its image with the disk of the node',
      false,
      driver,
      { containers, volumes: [{ hostPath: { path: '/' } }] },
      'work',
    ],
    [
      'its image as privileged',
      false,
      driver,
      { containers: [{ name: 'x', image, securityContext: { privileged: true } }] },
      'work',
    ],
    ['its image with another account', false, driver, { containers, serviceAccountName: 'admin' }, 'work'],
    [
      'its image with a shell command',
      false,
      driver,
      { containers: [{ name: 'x', image, command: ['/bin/sh', '-c', 'x'] }] },
      'work',
    ],
    [
      'its image with a program as argument',
      false,
      driver,
      { containers: [{ name: 'x', image, command: ['node', '-e', 'x'] }] },
      'work',
    ],
    [
      'its image with a secret',
      false,
      driver,
      { containers, volumes: [{ name: 's', secret: { secretName: 'payments' } }] },
      'work',
    ],
    [
      'its image with its own arguments',
      true,
      driver,
      { containers: [{ name: 'x', image, args: ['executor'] }] },
      'work',
    ],
    ['the image of another account', false, 'system:serviceaccount:work:other', { containers }, 'work'],
    ['an image as a person', undefined, 'dev@example.com', { containers }, 'work'],
  ])('decides whether an account requests %s: %s', (_, expected, user, spec, namespace) => {
    const origins = new PodOrigins();
    origins.note(pod(ofReplicaSets, { serviceAccountName: 'driver', containers }), context);
    const restored = new PodOrigins();
    restored.restore(origins.snapshot());
    expect(restored.isOwnImage(pod(user, spec, namespace))).toBe(expected);
  });

  it('learns no images from who does not look after the cluster', () => {
    const origins = new PodOrigins();
    origins.note(pod('system:serviceaccount:work:thief', { serviceAccountName: 'driver', containers }), context);
    expect(origins.isOwnImage(pod(driver, { containers }))).toBe(false);
  });
});
