import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { neutralGetter } from '../neutral-fields.js';
import { kubernetesAudit } from './kubernetes-audit.js';

const connection = {
  sensor: 'audit',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const sample = JSON.parse(readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8')) as JsonObject;

const read = (body: object) => kubernetesAudit.read(Buffer.from(JSON.stringify(body)), connection);
const see = (change: object) => read({ ...sample, ...change }).records.map(kubernetesAudit.observe)[0];

it('reads a request', () => {
  expect(read(sample).records).toMatchObject([
    {
      id: expect.stringMatching(/^8b76a388-f689-4d70-9f69-53be59fa3365:/),
      cluster: 'eu1',
      node: null,
      at: '2026-01-02T03:04:05.123456Z',
    },
  ]);
  expect(see({})).toMatchObject({
    activity: 'request',
    request: {
      user: 'jane',
      groups: ['dev', 'system:authenticated'],
      accessKeyId: 'AKIA***MPLE',
      sourceIps: ['203.0.113.24', '10.0.0.1'],
      userAgent: 'kubectl/v1.30.2',
      verb: 'create',
      resource: 'pods',
      namespace: 'shop',
      name: 'debug-x',
      status: 201,
      succeeded: true,
    },
    pod: {
      namespace: 'shop',
      name: 'debug-x',
      uid: '5b1c2d3e-4f50-4617-8a9b-0c1d2e3f4a5b',
      serviceAccount: 'checkout',
    },
  });
});

it('reads a list, whose items do not say what they are', () => {
  const { kind: _, apiVersion: _version, ...item } = sample;
  const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: [item, { ...item, auditID: 'b' }, 7, {}] };
  expect(read(list)).toMatchObject({ records: [{}, { id: expect.stringMatching(/^b:/) }], ignored: { malformed: 2 } });
  expect(read({ kind: 'EventList', items: [] })).toMatchObject({ records: [], ignored: { empty: 1 } });
});

it('reads what CloudWatch Logs hands on of EKS', () => {
  const logEvents = [
    { id: '1', timestamp: 1, message: JSON.stringify(sample) },
    { id: '2', message: 'I0102 text' },
  ];
  expect(read({ messageType: 'DATA_MESSAGE', logGroup: '/aws/eks/eu1/cluster', logEvents })).toMatchObject({
    records: [{ id: expect.stringMatching(/^8b76a388-/) }],
    ignored: { malformed: 1 },
  });
});

it('takes different requests for different events, although the client chose one Audit-ID for them', () => {
  const earlier = { verb: 'get', requestURI: '/api/v1/namespaces/web/endpoints' };
  const later = { verb: 'list', requestURI: '/api/v1/secrets' };
  const repeated = { requestReceivedTimestamp: '2026-01-02T03:04:09.000001Z' };
  const ids = [earlier, later, repeated, {}].map((change) => read({ ...sample, ...change }).records[0]?.id);
  expect(new Set(ids).size).toBe(4);
});

it('takes the stages of one request for one event', () => {
  const stages = [
    { stage: 'ResponseStarted', responseStatus: { code: 101 } },
    { stage: 'ResponseComplete', responseStatus: { code: 101 }, stageTimestamp: '2026-01-02T05:00:00.000001Z' },
  ];
  const [started, completed] = stages.map((stage) => read({ ...sample, ...stage }).records[0]?.id);
  expect(started).toBe(completed);
});

it.each([
  ['RequestReceived', 200, false],
  ['ResponseStarted', 200, false],
  // A session has begun; it may end in hours.
  ['ResponseStarted', 101, true],
  ['ResponseComplete', 200, true],
  ['Panic', 500, true],
  [undefined, 200, true],
])('counts the stage %j with %i: %s', (stage, code, counts) => {
  const { records, ignored } = read({ ...sample, stage, responseStatus: { code } });
  expect(records).toHaveLength(counts ? 1 : 0);
  expect(ignored).toEqual(counts ? {} : { stage: 1 });
});

it.each([
  [{ responseStatus: { code: 403 } }, false],
  [{ responseStatus: { code: 101 } }, true],
  [{ responseStatus: null }, true],
  [{ responseStatus: null, annotations: { 'authorization.k8s.io/decision': 'forbid' } }, false],
])('reads from %j whether the request succeeded: %s', (change, succeeded) => {
  expect(see(change)?.request?.succeeded).toBe(succeeded);
});

it('calls a subresource by both names', () => {
  const objectRef = { resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'checkout-0' };
  expect(see({ objectRef })).toMatchObject({
    request: { resource: 'pods/exec', name: 'checkout-0' },
    pod: { name: 'checkout-0' },
  });
  expect(see({ objectRef: { resource: 'secrets', namespace: 'shop' } })?.pod).toBeNull();
});

it('reads the events beside one with a deeply nested object, and that one, too', () => {
  const event = (auditID: string, requestObject: unknown) => JSON.stringify({ ...sample, auditID, requestObject });
  const deep = event('deep', 'HERE').replace('"HERE"', `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`);
  const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${deep},${event('plain', {})}]}`;
  const { records, ignored } = kubernetesAudit.read(Buffer.from(body), connection);
  expect(ignored).toEqual({});
  expect(records.map(({ id }) => id.split(':')[0])).toEqual(['deep', 'plain']);
});

it('finds the parts of pods in a custom resource, also beside harmless ones', () => {
  const objectRef = { resource: 'workflows', apiGroup: 'argoproj.io', namespace: 'shop', name: 'a' };
  const spec = {
    containers: [{ name: 'b', image: 'harmless' }],
    volumes: [{ name: 'c', emptyDir: {} }],
    templates: [
      { container: { image: 'hidden', securityContext: { privileged: true }, command: ['sh'], args: ['-c', 'id'] } },
      { volumes: [{ hostPath: { path: '/' } }], hostPID: true },
    ],
  };
  const seen = see({ objectRef, requestObject: { spec } })!;
  const valueOf = (name: string) => neutralGetter(name)?.(seen);
  expect(valueOf('Request.Images')).toEqual(['harmless', 'hidden']);
  expect(valueOf('Request.Capabilities')).toEqual(['ALL(privileged)']);
  expect(valueOf('Request.Commands')).toEqual(['sh -c id']);
  expect(valueOf('Request.HostPaths')).toEqual(['/']);
  expect(valueOf('Request.HostNamespaces')).toEqual(['hostPID']);
  const patch = { spec: { templates: [{ container: { securityContext: { privileged: true } } }] } };
  const patched = see({ objectRef, verb: 'patch', requestObject: patch })!;
  expect(neutralGetter('Request.Capabilities')?.(patched)).toEqual(['ALL(privileged)']);
});

describe('what nobody should keep', () => {
  const kept = (change: object) => read({ ...sample, ...change }).records[0]?.event;

  it.each([
    ['a Secret', { kind: 'Secret', data: { key: 'aHVudGVyMg==' }, stringData: { key: 'hunter2' } }],
    ['a list of Secrets', { kind: 'SecretList', items: [{ data: { key: 'aHVudGVyMg==' } }] }],
    ['a token', { kind: 'TokenRequest', status: { token: 'hunter2' } }],
    ['a review', { kind: 'TokenReview', spec: { token: 'hunter2' } }],
    [
      'a copy',
      { kind: 'Secret', metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'hunter2' } } },
    ],
  ])('is cut out of %s', (_, object) => {
    const objectRef = { resource: 'secrets' };
    const event = JSON.stringify(kept({ objectRef, requestObject: object, responseObject: object }));
    expect(event).not.toMatch(/hunter2|aHVudGVyMg/);
    expect(event).toContain('[redacted]');
  });

  it('leaves what rules ask of', () => {
    expect(kept({})).toMatchObject({ requestObject: { spec: { hostPID: true } } });
    expect(JSON.stringify(kept({}))).not.toContain('managedFields');
  });
});

it.each([{ kind: 'Pod' }, { kind: 'Event', apiVersion: 'v1', message: 'Pulled' }, {}])('is not %j', (body) => {
  expect(() => read(body)).toThrow(expect.objectContaining({ code: 'BODY_UNRECOGNIZED' }));
});
