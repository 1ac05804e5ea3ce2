import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { migrateCommand } from './migrate.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  process.env['TIDEWAITER_DATABASE_URL'] = await servers.postgres.createDatabase('template1');
  output = captureOutput();
});

afterEach(() => {
  output.restore();
  delete process.env['TIDEWAITER_DATABASE_URL'];
});

afterAll(async () => servers.stop());

async function migrate(...args: string[]): Promise<string> {
  const before = output.stdout.length;
  const program = new Command('tidewaiter').exitOverride();
  migrateCommand(program);
  await program.parseAsync(['migrate', ...args], { from: 'user' });
  return output.stdout.slice(before);
}

describe('migrateCommand', () => {
  it('prints the plan, runs nothing by it, and then runs what it printed', async () => {
    const plan = await migrate('--plan');
    expect(plan).toMatch(/^-- Events1764000000000\nCREATE TABLE outbox/);
    const { pending } = JSON.parse(await migrate('--plan', '-o', 'json')) as { pending: { name: string }[] };
    const names = pending.map(({ name }) => name);
    expect(plan.match(/^-- [A-Z]\w+\d{13}$/gm)).toEqual(names.map((name) => `-- ${name}`));

    expect((await migrate()).trim().split('\n')).toEqual(names);
    expect(output.stderr).toContain('migration done: {"migration":"Events1764000000000"');

    expect(JSON.parse(await migrate('-o', 'json'))).toEqual({ applied: [] });
    expect(JSON.parse(await migrate('--plan', '-o', 'json'))).toEqual({ pending: [] });
    expect(output.stderr).toContain('the schema is that of this release');
  });
});
