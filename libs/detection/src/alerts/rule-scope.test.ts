import { observe, sensorOf } from '@tidewaiter/sensors';
import { loadRules } from '@tidewaiter/sigma';

import { isInScope, scopeOf, scopeProblem } from './rule-scope.js';

const ruleText = (block: string) =>
  `title: Test\nid: 4c5e8a10-0000-4000-8000-000000000001\nlogsource: { product: tidewaiter }\ndetection: { s: { Activity: exec }, condition: s }\n${block}`;
const ruleWith = (block: string) => loadRules([{ path: 'test.yml', text: ruleText(block) }]).rules.rules[0]!;

function observed(source: string, event: object) {
  const connection = {
    sensor: 's',
    cluster: 'c',
    receivedAt: '2026-04-01T10:00:00Z',
    fingerprintKey: Buffer.alloc(32),
  };
  return observe(sensorOf(source)!.read(Buffer.from(JSON.stringify(event)), connection).records[0]!);
}

const process = { exec_id: 'a', pid: 1, uid: 0, binary: '/bin/true', start_time: '2026-04-01T10:00:00Z' };
const pod = { namespace: 'shop', name: 'app-0', container: { id: 'containerd://c0ffee' } };
const exec = (more: object) => ({
  process_exec: { process: { ...process, ...more }, parent: process },
  node_name: 'n',
  time: '2026-04-01T10:00:00Z',
});

const cloudtrailEvent = {
  Records: [
    {
      eventVersion: '1.09',
      eventID: '1',
      eventName: 'GetObject',
      eventSource: 's3.amazonaws.com',
      eventTime: '2026-04-01T10:00:00Z',
    },
  ],
};

describe('scopeOf', () => {
  it.each([
    ['container', 'tetragon', exec({ pod, docker: 'c0ffee' }), 'app'],
    ['build', 'tetragon', exec({ pod, docker: 'c0ffee' }), 'builder'],
    ['host', 'tetragon', exec({}), undefined],
    ['control-plane', 'k8s_audit', { kind: 'Event', auditID: '1', verb: 'get', stage: 'ResponseComplete' }, undefined],
    ['cloud', 'cloudtrail', cloudtrailEvent, undefined],
  ])('is %s for an event of %s', (scope, source, event, role) => {
    expect(scopeOf(observed(source, event), () => role)).toBe(scope);
  });

  it('is unknown for an alert of a sensor without process and container', () => {
    expect(scopeOf({ source: 'generic', request: null, process: null, container: null, pod: null }, () => 'app')).toBe(
      null,
    );
  });
});

describe('isInScope', () => {
  it('keeps a rule to its places', () => {
    const rule = ruleWith('tidewaiter: { scope: [host] }\n');
    expect(isInScope(rule, 'host')).toBe(true);
    expect(isInScope(rule, 'container')).toBe(false);
  });

  it('applies a rule everywhere that names no place, and every rule where the place is unknown', () => {
    expect(isInScope(ruleWith(''), 'build')).toBe(true);
    expect(isInScope(ruleWith('tidewaiter: { scope: [host] }\n'), null)).toBe(true);
  });
});

describe('scopeProblem', () => {
  it.each(['tidewaiter: { weight: alone }\n', 'tidewaiter: { scope: [] }\n', 'tidewaiter: { scope: [node] }\n'])(
    'refuses %s',
    (block) => {
      const { rules, refused } = loadRules([{ path: 'test.yml', text: ruleText(block) }], { validate: scopeProblem });
      expect(rules.rules).toEqual([]);
      expect(refused).toMatchObject([{ file: 'test.yml', reason: expect.stringContaining('tidewaiter.scope') }]);
    },
  );

  it('accepts rules without a block', () => {
    expect(scopeProblem(ruleWith(''))).toBe(null);
  });
});
