import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { guardduty } from './guardduty.js';

const connection = {
  sensor: 'aws',
  cluster: null,
  receivedAt: '2026-01-02T03:05:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const bridged = JSON.parse(readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8')) as { detail: JsonObject };
const finding = bridged.detail;

const read = (body: object) => guardduty.read(Buffer.from(JSON.stringify(body)), connection);
const see = (change: object) => read({ ...finding, ...change }).records.map(guardduty.observe)[0];

describe('guardduty', () => {
  it('reads a finding of what ran in a pod', () => {
    expect(read(bridged).records).toMatchObject([
      {
        id: 'eedcd7ff85dc5e30b1a5285ebe180236@2026-01-02T03:04:59.000Z',
        cluster: 'eu1',
        at: '2026-01-02T03:04:05.000Z',
        event: {
          id: finding['id'],
          resource: { accessKeyDetails: { accessKeyId: 'AKIA***MPLE', userName: 'report' } },
        },
      },
    ]);
    expect(see({})).toMatchObject({
      activity: 'alert',
      alert: { rule: 'Execution:Runtime/NewBinaryExecuted', priority: 'warning', tags: ['T1496'] },
      process: {
        executable: '/tmp/xmrig',
        pid: 4711,
        parentPid: 4700,
        execId: 'u-2',
        user: 'root',
        sha256: '5a'.repeat(32),
        parentExecutable: '/usr/bin/node',
      },
      container: {
        id: expect.stringMatching(/^c0ffee/),
        imageRepository: 'registry.example.com/shop/checkout',
        imageTag: '1.4.0',
      },
      pod: { namespace: 'shop', name: 'checkout-7c9d8f6b5d-x2x8k', workload: null },
      network: { destinationIp: '203.0.113.9', destinationPort: 3333, protocol: 'tcp' },
      request: { user: 'report', accessKeyId: 'AKIA***MPLE' },
    });
  });

  it('is a new record when it has grown', () => {
    expect(read({ ...finding, updatedAt: '2026-01-02T04:00:00.000Z' }).records[0]?.id).not.toBe(
      read(finding).records[0]?.id,
    );
  });

  it('reads what the API writes with capitals', () => {
    const answer = {
      Id: 'f',
      Type: 'Recon:EC2/Portscan',
      Severity: 2,
      UpdatedAt: '2026-01-02T03:04:05Z',
      Resource: { ResourceType: 'Instance' },
      Service: {},
    };
    expect(read(answer).records.map(guardduty.observe)).toMatchObject([
      { alert: { rule: 'Recon:EC2/Portscan', priority: 'notice' } },
    ]);
  });

  it.each([
    [9.5, 'alert'],
    [8, 'critical'],
    [4, 'warning'],
    [1, 'notice'],
    [undefined, 'warning'],
  ])('reads the severity %j as %s', (severity, priority) => {
    expect(see({ severity })?.alert?.priority).toBe(priority);
  });

  it('reads a name that was asked for', () => {
    const service = { action: { dnsRequestAction: { domain: 'Pool.Example.', protocol: 'UDP' } } };
    expect(see({ service })?.network).toMatchObject({ hostname: 'pool.example', protocol: 'udp' });
  });

  it('names the workload where one is meant', () => {
    const kubernetesDetails = { kubernetesWorkloadDetails: { name: 'agent', type: 'daemonsets', namespace: 'ops' } };
    expect(see({ resource: { kubernetesDetails } })).toMatchObject({
      pod: { workloadKind: 'DaemonSet', workload: 'agent', name: null },
      container: null,
      request: null,
    });
  });
});
