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

  it('leaves processes in containers alone', () => {
    expect(alertsOf('pod /usr/sbin/sshd -D', 'pod /bin/bash', 'pod /usr/sbin/useradd x')).toEqual([
      ['Account created', 'high', 'support', null],
    ]);
  });
});
