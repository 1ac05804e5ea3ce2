import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject, Observation, RuntimeSource } from '@tidewaiter/domain';

import { observe, sensorOf } from './sensors.js';
import { logsourcesOf, scalarsOf, sigmaField } from './sigma-view.js';

const fields = { 'process.executable': 'exe' };
const connection = {
  sensor: 'main',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
  fields,
};

function seen(source: RuntimeSource, change: (event: JsonObject) => JsonObject = (event) => event): Observation {
  const sample = JSON.parse(readFileSync(join(__dirname, source, 'fixtures/event.json'), 'utf8')) as JsonObject;
  const [record] = sensorOf(source)?.read(Buffer.from(JSON.stringify(change(sample))), connection).records ?? [];
  if (record === undefined) throw new Error(`nothing was read of ${source}`);
  return observe(record);
}

const hook = (function_name: string, args: JsonObject[]) => (event: JsonObject) => ({
  process_kprobe: { process: (event['process_exec'] as JsonObject)['process'] ?? null, function_name, args },
  node_name: 'node-1',
  time: '2026-01-02T03:04:05Z',
});
const written = seen('tetragon', hook('security_file_permission', [{ file_arg: { path: '/etc/x' } }, { int_arg: 2 }]));
const readOnly = seen('tetragon', hook('security_file_permission', [{ file_arg: { path: '/etc/x' } }, { int_arg: 4 }]));
const socket = {
  sock_arg: { protocol: 'IPPROTO_TCP', saddr: '10.0.0.1', sport: 4000, daddr: '192.0.2.1', dport: 443 },
};
const connected = seen('tetragon', hook('tcp_connect', [socket]));
const sent = seen('tetragon', hook('tcp_sendmsg', [socket, { int_arg: 512 }]));

it.each([
  ['exec', seen('tetragon'), { product: 'linux', category: 'process_creation' }],
  ['file', written, { product: 'linux', category: 'file_event' }],
  ['connect', connected, { product: 'linux', category: 'network_connection' }],
  ['request', seen('kubernetes-audit'), { product: 'kubernetes', category: 'application', service: 'audit' }],
  ['request', seen('cloudtrail'), { product: 'aws', service: 'cloudtrail' }],
  ['alert', seen('guardduty'), { product: 'guardduty', service: 'alert' }],
  ['container', seen('kubernetes-watch'), { product: 'kubernetes', category: 'container' }],
  ['file', readOnly, null],
  ['send', sent, null],
])('offers %s to the rules that are about it', (activity, observation, foreign) => {
  const own = { product: 'tidewaiter', category: activity };
  expect(logsourcesOf(observation)).toEqual(foreign === null ? [own] : [foreign, own]);
  expect(logsourcesOf(observation)).toBe(logsourcesOf(observation));
});

it('offers an alert about an event to the rules about alerts, and to our own about such events', () => {
  expect(logsourcesOf(seen('falco'))).toEqual([
    { product: 'falco', service: 'alert' },
    { product: 'tidewaiter', category: 'exec' },
  ]);
});

describe('a field', () => {
  it.each([
    ['Image', '/bin/sh'],
    ['CommandLine', '/bin/sh -c id'],
    ['ParentImage', '/usr/bin/node'],
    ['ParentCommandLine', '/usr/bin/node main.js'],
    ['CurrentDirectory', '/srv'],
    ['User', 'root'],
    ['ProcessId', 4711],
    ['LogonId', undefined],
    ['Process.InInitTree', false],
    ['Process.Executable', '/bin/sh'],
    ['Pod.Workload', 'checkout'],
    ['Pod.ServiceAccount', undefined],
    ['Cluster', 'eu1'],
    ['process_exec.process.pod.namespace', 'shop'],
    ['process_exec.process.flags', 'execve clone'],
    ['constructor', undefined],
    ['__proto__.x', undefined],
    ['process_exec.constructor.name', undefined],
  ])('of an exec: %s', (name, value) => {
    expect(sigmaField(seen('tetragon'), name)).toEqual(value);
  });

  it.each([
    ['Initiated', 'true'],
    ['DestinationIp', '192.0.2.1'],
    ['DestinationPort', 443],
    ['SourceIp', '10.0.0.1'],
    ['Protocol', 'tcp'],
    ['Network.DestinationPort', 443],
  ])('of a connection: %s', (name, value) => {
    expect(sigmaField(connected, name)).toBe(value);
  });

  it('of what is sent is how much', () => {
    expect(sigmaField(sent, 'Network.Bytes')).toBe(512);
    expect(sigmaField(sent, 'process_kprobe.args.int_arg')).toEqual([512]);
  });

  it('of a request is whether parts of it are missing', () => {
    const changed = (change: JsonObject) =>
      sigmaField(
        seen('kubernetes-audit', (event) => ({ ...event, ...change })),
        'Event.Cut',
      );
    const containers = Array.from({ length: 900 }, (_, index) => ({ name: `pad-${index}`, image: 'x'.repeat(300) }));
    expect(changed({})).toBe(false);
    expect(changed({ annotations: { 'audit.k8s.io/truncated': 'true' } })).toBe(true);
    expect(changed({ requestObject: { spec: { containers } } })).toBe(true);
  });

  it.each([
    ['verb', 'create'],
    ['objectRef.resource', 'pods'],
    ['apiGroup', undefined],
    ['hostPath', ['/']],
    ['capabilities', ['SYS_ADMIN', 'ALL(privileged)']],
    ['Request.HostPaths', ['/']],
    ['Request.Capabilities', ['SYS_ADMIN', 'ALL(privileged)']],
    ['Request.HostNamespaces', ['hostPID']],
    ['Request.Images', ['busybox:1.36']],
    ['Request.Commands', ['sh -c id']],
    ['Request.SourceIp', '203.0.113.24'],
    ['Request.Resource', 'pods'],
    ['Request.Subresource', undefined],
    ['Request.Succeeded', true],
    ['requestObject.spec.containers.image', ['busybox:1.36']],
    ['user.extra.accessKeyId', ['AKIA***MPLE']],
    ['Image', undefined],
  ])('of a request: %s', (name, value) => {
    expect(sigmaField(seen('kubernetes-audit'), name)).toEqual(value);
  });

  it.each([
    ['deployment', { template: { spec: { containers: [{ image: 'a' }], volumes: [{ hostPath: { path: '/x' } }] } } }],
    [
      'cron job',
      {
        jobTemplate: {
          spec: {
            template: {
              spec: { initContainers: [{ image: 'a' }], containers: [], volumes: [{ hostPath: { path: '/x' } }] },
            },
          },
        },
      },
    ],
  ])('finds the pods of a %s', (_, spec) => {
    const request = seen('kubernetes-audit', (event) => ({ ...event, requestObject: { spec } }));
    expect(sigmaField(request, 'hostPath')).toEqual(['/x']);
    expect(sigmaField(request, 'Request.Images')).toEqual(['a']);
    expect(sigmaField(request, 'capabilities')).toBeUndefined();
  });

  it.each([
    ['errorCode', 'AccessDenied'],
    ['userIdentity.type', 'IAMUser'],
    ['requestParameters.roleName', 'backdoor'],
    ['Request.AccessKeyId', 'AKIA***MPLE'],
    ['Request.Succeeded', false],
  ])('of a call of a cloud: %s', (name, value) => {
    expect(sigmaField(seen('cloudtrail'), name)).toBe(value);
  });

  it.each([
    ['proc.cmdline', 'sh -c id'],
    ['output_fields.proc.cmdline', 'sh -c id'],
    ['rule', 'Terminal shell in container'],
    ['Alert.Priority', 'notice'],
    ['Image', '/bin/busybox'],
  ])('of an alert of Falco: %s', (name, value) => {
    expect(sigmaField(seen('falco'), name)).toBe(value);
  });
});

it('has the fields of a Linux event for keywords', () => {
  const all = scalarsOf(seen('tetragon'));
  expect(all).toEqual(expect.arrayContaining(['/bin/sh -c id', '/usr/bin/node main.js', 4711]));
  // Not what the sensor says beside them.
  expect(all).not.toContain('checkout');
});

it('looks for keywords in what a process writes, not in what it was started with', () => {
  expect(scalarsOf(written)).toEqual([expect.any(String), '/etc/x']);
});

it('has every scalar of a request for keywords', () => {
  expect(scalarsOf(seen('kubernetes-audit'))).toEqual(expect.arrayContaining(['ResponseComplete']));
});
