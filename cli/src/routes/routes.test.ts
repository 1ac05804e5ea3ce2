import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { captureOutput, type CapturedOutput } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { routesCommand } from './routes.js';

const routing = `
route:
  receiver: everybody
  group_by: [repository]
  routes:
    - { matchers: ['severity="critical"'], receiver: pager, continue: true, group_wait: 0s }
    - { matchers: ['repository=~"shop/.*"'], receiver: shop }
receivers:
  - name: everybody
  - name: pager
    webhook_configs: [{ url_file: hook }]
  - name: shop
`;

let folder: string;
let config: string;
let output: CapturedOutput;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-routes-'));
  config = join(folder, 'routing.yaml');
  await writeFile(config, routing);
  await writeFile(join(folder, 'hook'), 'https://hooks.example.com/1\n');
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  process.exitCode = undefined;
  await rm(folder, { recursive: true });
});

async function routes(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  routesCommand(program);
  await program.parseAsync(['routes', ...args], { from: 'user' });
}

describe('routes check', () => {
  it('says what is there', async () => {
    await routes('check', '--config', config);
    expect([output.stderr, output.stdout]).toEqual([`${config}: 3 receivers, 3 routes\n`, '']);
    expect(process.exitCode).toBeUndefined();
  });

  it('names everything that is wrong, one a line', async () => {
    await writeFile(config, 'route: { receiver: nobody, grop_by: [a] }\nreceivers: [{ name: a }]\n');
    await routes('check', '--config', config);
    const lines = output.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.startsWith(`${config}: `))).toBe(true);
    expect(output.stdout).toContain('route.receiver: no receiver "nobody"');
    expect(output.stdout).toContain('grop_by');
    expect(process.exitCode).toBe(1);
  });

  it('accepts a file whose secrets are elsewhere and whose templates are ignored, and warns of both', async () => {
    await rm(join(folder, 'hook'));
    await writeFile(config, `${routing}templates: ['*.tmpl']\n`);
    await routes('check', '--config', config);
    expect(output.stderr.split('\n')).toEqual([
      `${config}: ignored: templates`,
      `${config}: url_file: the file cannot be read here; the notifier needs it to start`,
      `${config}: 3 receivers, 3 routes`,
      '',
    ]);
    expect([output.stdout, process.exitCode]).toEqual(['', undefined]);
  });

  it.each([
    ['a file that is not there', ['check', '--config', 'nowhere.yaml'], 'ROUTING_MISSING'],
    ['no file', ['check'], 'commander.missingMandatoryOptionValue'],
  ])('refuses %s', async (_, args, code) => {
    await expect(routes(...args)).rejects.toMatchObject({ code });
  });
});

describe('routes test', () => {
  it.each([
    [[], ['everybody']],
    [['severity=critical'], ['pager']],
    [
      ['severity=critical', 'repository=shop/cart'],
      ['pager', 'shop'],
    ],
    [['repository=shop/cart=old'], ['shop']],
    [['__proto__=x'], ['everybody']],
  ])('sends %j to %j', async (labels, receivers) => {
    await routes('test', '--config', config, ...labels);
    expect(output.stdout.trimEnd().split('\n')).toEqual(receivers);
    expect(output.stderr).toBe('');
  });

  it('shows as JSON which routes they were, and how alerts are grouped there', async () => {
    await routes('test', '--config', config, '-o', 'json', 'severity=critical', 'repository=app');
    expect(JSON.parse(output.stdout)).toEqual({
      labels: { severity: 'critical', repository: 'app' },
      silencedBy: null,
      inhibited: false,
      receivers: [
        {
          receiver: 'pager',
          path: 'route.routes[0]',
          key: '{}/{severity="critical"}:{repository="app"}',
          groupBy: ['repository'],
          groupWaitMs: 0,
          groupIntervalMs: 300_000,
          repeatIntervalMs: 14_400_000,
          given: ['group_wait'],
          muteTimeIntervals: [],
          activeTimeIntervals: [],
          muted: false,
        },
      ],
    });
  });

  it('says what would keep it back: a time, a silence, another alert', async () => {
    await writeFile(
      config,
      `route: { receiver: a, routes: [ { mute_time_intervals: [weekends] } ] }
receivers: [ { name: a } ]
time_intervals: [ { name: weekends, time_intervals: [ { weekdays: [saturday, sunday] } ] } ]
inhibit_rules: [ { source_matchers: [rule="down"], target_matchers: [severity="low"], equal: [cluster] } ]
`,
    );
    const given = ['--silence', 'severity=~"low|medium"', '--firing', '{rule="down",cluster="eu1"}'];
    const labels = ['severity=low', 'cluster=eu1'];
    await routes('test', '--config', config, '-o', 'json', '--at', '2026-01-03T12:00:00Z', ...given, ...labels);
    expect(JSON.parse(output.stdout)).toMatchObject({
      silencedBy: 'severity=~"low|medium"',
      inhibited: true,
      receivers: [{ receiver: 'a', muteTimeIntervals: ['weekends'], muted: true }],
    });
    await expect(routes('test', '--config', config, '--at', 'noon')).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });

  it('fails on a file that is wrong', async () => {
    await writeFile(config, 'route: {}\n');
    await expect(routes('test', '--config', config)).rejects.toMatchObject({ code: 'ROUTING_INVALID' });
  });

  it.each([['severity'], ['=critical'], ['a=1', 'a=2']])('refuses the labels %s %s', async (...labels) => {
    const given = labels.filter((label) => typeof label === 'string');
    await expect(routes('test', '--config', config, ...given)).rejects.toMatchObject({
      code: 'commander.invalidArgument',
    });
  });
});
