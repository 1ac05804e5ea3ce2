import type { JsonObject, RuntimeRecord } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';

import { Detector } from '../detector.js';

const rule = (title: string, program: string, level: string, finding: string, weight = 'support') => `
title: ${title}
logsource: { product: tidewaiter, category: exec }
detection:
  selection: { Process.Executable|endswith: ${program} }
  condition: selection
level: ${level}
tidewaiter: { finding: ${finding}, stage: persistence, weight: ${weight} }
`;

const rules = loadRules([
  {
    path: 'test.yml',
    text: [
      rule('Account created', 'useradd', 'high', 'account-created'),
      rule('Miner started', 'xmrig', 'high', 'miner'),
      rule('Malware started', 'malware', 'high', 'drift', 'alone'),
      rule('Tool started', 'tool', 'critical', 'drift'),
    ].join('---'),
  },
]);

const startMs = Date.parse('2026-03-03T01:12:00Z');

/** Runs a chain of commands on a node; a leading `pod ` puts one into a pod. */
function alertsOf(...commands: string[]) {
  const detector = new Detector({ ...rules, facts: factContext(factsFromFile({})), allowedLatenessMs: 0 });
  const records = commands.map((command, index): RuntimeRecord => {
    const inPod = command.startsWith('pod ');
    const [binary = '', ...rest] = (inPod ? command.slice(4) : command).split(' ');
    const process: JsonObject = {
      exec_id: `e${index}`,
      parent_exec_id: index === 0 ? 'root' : `e${index - 1}`,
      pid: 100 + index,
      uid: 0,
      binary,
      arguments: rest.join(' '),
      ...(inPod ? { pod: { namespace: 'a', name: 'b', container: { id: `containerd://${'a1'.repeat(32)}` } } } : {}),
    };
    const at = new Date(startMs + index * 1000).toISOString();
    const event: JsonObject = { process_exec: { process }, node_name: 'node-1' };
    return { id: `r${index}`, source: 'tetragon', sensor: 'test', cluster: 'eu1', node: 'node-1', at, event };
  });
  const alerts = [...records.flatMap((record) => detector.observe(record)), ...detector.advance(startMs + 60_000)];
  return alerts.map(({ title, severity, weight, lowered }) => [title, severity, weight, lowered]);
}

const login = ['/usr/sbin/sshd -D', '/bin/bash', '/usr/bin/sudo x'];

describe('lowerExpected', () => {
  it('lowers what an administrator or a package manager does on a node, and says so', () => {
    expect(alertsOf(...login, '/usr/sbin/useradd x')).toEqual([
      ['Account created', 'medium', 'context', 'done in an administrator session on the host'],
    ]);
    expect(alertsOf('/usr/bin/apt-get install x', '/usr/bin/dpkg --configure x', '/usr/sbin/useradd x')).toEqual([
      ['Account created', 'informational', 'context', 'done by the package manager of the host'],
    ]);
  });

  it.each([
    ['below a container', ['pod /bin/sh', '/usr/bin/nsenter -t 1', ...login]],
    ['below a server', ['/usr/lib/systemd/systemd', '/usr/sbin/nginx', '/bin/sh -c x']],
    ['below a program in a temporary folder', [...login, '/tmp/x']],
    ['below cron', ['/usr/sbin/crond -n', '/bin/sh -c x']],
  ])('keeps the same deed %s', (_, chain) => {
    expect(alertsOf(...chain, '/usr/sbin/useradd x')).toEqual([['Account created', 'high', 'support', null]]);
  });

  it.each([
    ['/usr/bin/xmrig -o x', ['Miner started', 'high', 'support', null]],
    ['/usr/bin/malware', ['Malware started', 'high', 'alone', null]],
    ['/usr/bin/tool', ['Tool started', 'critical', 'support', null]],
  ])('keeps %s, which no administration includes', (command, alert) => {
    expect(alertsOf(...login, command)).toEqual([alert]);
  });

  describe('of requests', () => {
    const requests = loadRules([
      {
        path: 'request.yml',
        text: `
title: Role bound
logsource: { product: tidewaiter, category: request }
detection:
  selection: { Request.Resource: clusterrolebindings }
  condition: selection
level: high
tidewaiter: { finding: cluster-admin, stage: persistence, weight: support, scope: [control-plane] }
`,
      },
    ]);
    const binding = (username: string, userAgent: string, address: string) => {
      const policy = { admins: ['ops@example.com'], internal_ranges: ['10.0.0.0/8'] };
      const facts = factContext(factsFromFile({ policy }));
      const detector = new Detector({ ...requests, facts, allowedLatenessMs: 0 });
      const at = new Date(startMs).toISOString();
      const event: JsonObject = {
        kind: 'Event',
        stage: 'ResponseComplete',
        verb: 'create',
        user: { username },
        sourceIPs: [address],
        userAgent,
        objectRef: { resource: 'clusterrolebindings', name: 'x' },
        responseStatus: { code: 201 },
      };
      const source = 'kubernetes-audit';
      const record: RuntimeRecord = { id: 'r', source, sensor: 'test', cluster: 'eu1', node: null, at, event };
      const [alert] = [...detector.observe(record), ...detector.advance(startMs + 60_000)];
      return [alert?.severity, alert?.weight, alert?.lowered];
    };

    it.each([
      ['an administrator', 'ops@example.com', 'Helm/3.18.4', 'done by an administrator from inside'],
      [
        'a controller',
        'system:serviceaccount:flux-system:helm-controller',
        'helm-controller/v1.3.0',
        'done by a controller with its own program',
      ],
    ])('lowers those of %s', (_, user, agent, reason) => {
      expect(binding(user, agent, '10.9.0.4')).toEqual(['medium', 'context', reason]);
    });

    it.each([
      ['an administrator from the internet', 'ops@example.com', 'Helm/3.18.4', '203.0.113.4'],
      ['another user', 'dev@example.com', 'Helm/3.18.4', '10.9.0.4'],
      ['a controller’s token in a tool', 'system:serviceaccount:flux-system:helm-controller', 'curl/8.1', '10.9.0.4'],
      [
        'a controller from the internet',
        'system:serviceaccount:flux-system:helm-controller',
        'helm-controller/v1',
        '203.0.113.4',
      ],
      ['an application', 'system:serviceaccount:shop:web', 'python-requests/2.32', '10.9.0.4'],
      [
        'an application’s token in a program of its name',
        'system:serviceaccount:shop:portal',
        'portal/1.0',
        '10.9.0.4',
      ],
    ])('keeps those of %s', (_, user, agent, address) => {
      expect(binding(user, agent, address)).toEqual(['high', 'support', null]);
    });
  });

  it('leaves processes in containers alone', () => {
    expect(alertsOf('pod /usr/sbin/sshd -D', 'pod /bin/bash', 'pod /usr/sbin/useradd x')).toEqual([
      ['Account created', 'high', 'support', null],
    ]);
  });
});
