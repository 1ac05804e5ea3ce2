import { Secret } from '@tidewaiter/domain';
import { connect, FiringAlerts, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { silencesCommand } from './silences.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  const url = await servers.postgres.createDatabase();
  process.env['TIDEWAITER_DATABASE_URL'] = url;
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
});

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await dataSource.destroy();
  await servers.stop();
});

async function silences(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  silencesCommand(program);
  for (const command of program.commands) for (const each of command.commands) each.exitOverride();
  await program.parseAsync(['silences', ...args], { from: 'user' });
}

const why = ['--for', '2h', '--comment', 'planned work', '--author', 'jane'];

describe('silencesCommand', () => {
  it('is added, shown and ended', async () => {
    await silences('add', 'repository=~"shop/.*"', 'severity="low"', ...why);
    const id = output.stdout.trim();
    await silences('list', '-o', 'json');
    const { items } = JSON.parse(output.stdout.slice(output.stdout.indexOf('{'))) as { items: object[] };
    expect(items).toMatchObject([
      { id, matchers: ['repository=~"shop/.*"', 'severity="low"'], createdBy: 'jane', comment: 'planned work' },
    ]);
    await silences('expire', id);
    await expect(silences('expire', id)).rejects.toMatchObject({ code: 'SILENCE_UNKNOWN' });
    await silences('list');
    expect(output.stderr).toContain('no silences');
  });

  it('is changed, ended and brought back, with its history', async () => {
    await silences('add', 'severity="low"', ...why);
    const id = output.stdout.trim();
    const length = output.stdout.length;
    await silences('edit', id, 'severity="medium"', '--author', 'ann', '--reason', 'wrong severity');
    await silences('expire', id, '--author', 'bob');
    await expect(silences('undo', id, '--to', '3')).rejects.toMatchObject({ code: 'SILENCE_OVER' });
    await silences('undo', id, '--author', 'cho');
    await silences('history', id);
    expect(output.stdout.slice(length).trim().split('\n')).toEqual([
      expect.stringMatching(
        /^4 +\S+ \S+ +cho +undone +until \S+ \S+ +severity="medium" +planned work +version 2 again$/,
      ),
      expect.stringMatching(/^3 +\S+ \S+ +bob +ended /),
      expect.stringMatching(/^2 +\S+ \S+ +ann +changed .*severity="medium" +planned work +wrong severity$/),
      expect.stringMatching(/^1 +\S+ \S+ +jane +created .*severity="low"/),
    ]);
    await silences('expire', id);
    for (const command of ['history', 'undo', 'edit'])
      await expect(silences(command, '01990000-0000-7000-8000-000000000000')).rejects.toMatchObject({
        code: 'SILENCE_UNKNOWN',
      });
  });

  it('shows what it would keep back, and keeps nothing back yet', async () => {
    const alert = (rule: string, severity: string) => ({
      identity: rule,
      labels: { rule, severity },
      annotations: {},
      status: 'firing' as const,
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: null,
    });
    await store.transaction((tx) => new FiringAlerts(store).record(tx, [alert('a', 'low'), alert('b', 'high')]));
    await silences('add', 'severity="low"', ...why, '--dry-run');
    expect(output.stdout).toBe('rule=a severity=low\n');
    expect(output.stderr).toContain('1 of 2 firing alerts would be kept back');
  });

  it.each([
    ['what would silence everything', ['add', 'rule=~".*"', ...why], 'MATCHER_INVALID'],
    ['what is no matcher', ['add', 'rule', ...why], 'MATCHER_INVALID'],
    ['a silence for ever', ['add', 'rule="a"', '--comment', 'x'], 'commander.missingMandatoryOptionValue'],
    ['a silence without a reason', ['add', 'rule="a"', '--for', '1h'], 'commander.missingMandatoryOptionValue'],
  ])('refuses %s', async (_what, args, code) => {
    await expect(silences(...args)).rejects.toMatchObject({ code });
  });
});
