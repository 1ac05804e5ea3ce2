import { roles, Secret } from '@tidewaiter/domain';
import { ApiTokens, connect, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { tokensCommand } from './tokens.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let known: ApiTokens;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  const url = await servers.postgres.createDatabase();
  process.env['TIDEWAITER_DATABASE_URL'] = url;
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  known = new ApiTokens(new Store(dataSource, 'test'));
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

function parsed(): Command {
  const program = new Command('tidewaiter').exitOverride();
  tokensCommand(program);
  for (const command of program.commands) for (const each of command.commands) each.exitOverride();
  return program;
}

const tokens = async (...args: string[]) => parsed().parseAsync(['tokens', ...args], { from: 'user' });

describe('tokensCommand', () => {
  it('makes a token, shows everything but the token, and ends it', async () => {
    await tokens('create', 'ci', '--role', 'gate', '--expires', '30d');
    const token = output.stdout.trim();
    expect(await known.verify(token)).toMatchObject({ name: 'ci', role: 'gate' });
    expect(output.stderr).toMatch(/^ci is gate until \d{4}-.*; this is shown only now\n$/);
    await tokens('list');
    await tokens('list', '-o', 'json');
    expect(output.stdout).toMatch(/^token {2}role .*\nci {5}gate( {2}\d{4}-\S+ [\d:]+){3}\n/m);
    expect(output.stdout.split(token)).toHaveLength(2);
    await tokens('revoke', 'ci');
    expect(await known.verify(token)).toBeNull();
    await expect(tokens('revoke', 'ci')).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
  });

  it('limits a token to a part of the fleet', async () => {
    await tokens('create', 'shop', '--repositories', 'shop/*', 'web/*', '--namespaces', 'shop', '--role', 'responder');
    const scopes = [{ repositories: ['shop/*', 'web/*'], clusters: [], namespaces: ['shop'], owners: [] }];
    expect(await known.verify(output.stdout.trim())).toMatchObject({ role: 'responder', scopes });
    expect(output.stderr).toContain('shop is responder for repositories shop/* web/*, namespaces shop;');
    await tokens('list');
    expect(output.stdout).toContain('repositories shop/* web/*, namespaces shop');
    await expect(tokens('create', 'all', '--role', 'admin', '--owners', 'x')).rejects.toMatchObject({
      code: 'ROLE_NOT_LIMITABLE',
    });
    await expect(tokens('create', 'x', '--clusters', '')).rejects.toHaveProperty('code', 'commander.invalidArgument');
  });

  it.each([
    ['gate', 'gate'],
    ['read', 'viewer'],
    ['write', 'maintainer'],
  ])('reads the scope %s of an earlier release as the role %s', async (scope, role) => {
    await tokens('create', scope, '--scope', scope);
    expect(await known.verify(output.stdout.trim())).toMatchObject({ role });
  });

  it.each([
    ['a name that could be mistaken', ['create', 'a b']],
    ['a role that there is not', ['create', 'x', '--role', 'root']],
  ])('refuses %s', async (_what, args) => {
    await expect(tokens(...args)).rejects.toHaveProperty('code', 'commander.invalidArgument');
  });

  it('knows every role that there is', () => {
    const create = parsed().commands[0]!.commands.find((each) => each.name() === 'create')!;
    expect(create.options.find(({ long }) => long === '--role')?.argChoices).toEqual(roles);
  });
});
