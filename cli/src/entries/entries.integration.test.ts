import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { start } from '@tidewaiter/console';
import {
  captureOutput,
  type CapturedOutput,
  entryKeyOfTests,
  startConsole,
  type TestConsole,
} from '@tidewaiter/testkit';
import { Command } from 'commander';

import { exceptionsCommand } from '../exceptions/exceptions.js';
import { policiesCommand } from '../policies/policies.js';
import { registriesCommand } from '../registries/registries.js';
import { routesCommand } from '../routes/routes.js';

let api: TestConsole;
let folder: string;
let output: CapturedOutput;

beforeAll(async () => {
  api = await startConsole(start, {
    environment: entryKeyOfTests,
    files: { 'tidewaiter.yaml': 'policies: [{ name: no-secrets, mode: warn }]\n' },
  });
  folder = api.folder;
  await writeFile(join(folder, 'token'), await api.tokenOf('ann', 'maintainer'));
});

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => {
  output.restore();
  process.exitCode = undefined;
});

afterAll(async () => api.stop());

/** Runs a command, and returns what it has printed. */
async function run(...args: string[]): Promise<string> {
  output.restore();
  output = captureOutput();
  const program = new Command('tidewaiter').exitOverride();
  for (const define of [exceptionsCommand, policiesCommand, registriesCommand, routesCommand]) define(program);
  const access = ['--server', api.url, '--token-file', join(folder, 'token')];
  await program.parseAsync([...args, ...access], { from: 'user' });
  return output.stdout;
}

const keys = ['finding=CVE-2026-1', 'repository=shop/*', 'reason=not reachable', 'owner=team-shop'];

describe('commands of entries', () => {
  it('add, edit, remove and bring back an exception', async () => {
    await run('exceptions', 'add', ...keys, 'until=2030-01-31', 'name=known', '--comment', 'agreed');
    expect(output.stdout).toBe('known\n');
    await run('exceptions', 'edit', 'known', 'until=2031-01-31');
    expect(await run('exceptions', 'finding=CVE-2026-1')).toMatch(
      /known +CVE-2026-1 +shop\/\* +2031-01-31 +active +team-shop +version 2 by ann +not reachable/,
    );
    await run('exceptions', 'remove', 'known', '--comment', 'fixed');
    expect(await run('exceptions')).toBe('no exceptions match\n');
    await run('exceptions', 'undo', 'known');
    await run('exceptions', 'undo', 'known', '--to', '1');
    expect(await run('exceptions', 'known')).toContain('2030-01-31');
    const history = await run('exceptions', 'history', 'known');
    expect(
      history
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ {2}\S+Z {2}/, ' ')),
    ).toEqual(['5 ann  version 1 again', '4 ann  version 2 again', '3 ann  deleted  fixed', '2 ann', '1 ann  agreed']);
  });

  it('check an entry without adding it', async () => {
    await run('exceptions', 'add', ...keys, 'until=soon', '--dry-run');
    expect(output.stdout).toContain('until: expected a day');
    expect(process.exitCode).toBe(1);
    await expect(run('exceptions', 'add', ...keys, 'until=soon')).rejects.toMatchObject({ code: 'ENTRY_INVALID' });
    await expect(run('exceptions', 'add', 'nonsense')).rejects.toMatchObject({ code: 'ENTRY_INVALID' });
    await expect(run('exceptions', 'add', ...keys.slice(1), 'until=2099-01-01', 'repo=x')).rejects.toMatchObject({
      message: expect.stringMatching(/^\w+: is missing\nrepo: unknown key$/) as string,
    });
    await expect(run('exceptions', 'edit', 'none', 'owner=x')).rejects.toMatchObject({ code: 'ENTRY_UNKNOWN' });
  });

  it('read entries from files, and list those of tidewaiter.yaml', async () => {
    const file = join(folder, 'policy.yaml');
    await writeFile(file, 'name: few\nmode: audit\nsource: |\n  rules:\n    - expression: size(findings) < 100\n');
    await run('policies', 'add', '--file', file, 'repositories=[shop/*, base/*]');
    const list = await run('policies');
    expect(list).toMatch(/few +audit +shop\/\* base\/\* +active +version 1 by ann/);
    expect(list).toMatch(/no-secrets +warn +active +tidewaiter.yaml:1/);
    await expect(run('policies', 'remove', 'no-secrets')).rejects.toMatchObject({ code: 'ENTRY_IN_FILE' });
  });

  it('set, show, remove and bring back the routing', async () => {
    const file = join(folder, 'managed-routing.yaml');
    await writeFile(file, 'route: { receiver: team }\nreceivers: [{ name: team }]\n');
    expect(await run('routes', 'show')).toBe('');
    await run('routes', 'set', file, '--comment', 'first');
    await run('routes', 'set', file);
    expect(await run('routes', 'show')).toBe('route: { receiver: team }\nreceivers: [{ name: team }]\n');
    await run('routes', 'remove');
    expect(await run('routes', 'show')).toBe('');
    await run('routes', 'undo', '--to', '1');
    expect(await run('routes', 'history')).toMatch(/^4 .* version 1 again\n3 .* deleted\n2 .*\n1 .* first\n$/);
    await api.store.query(
      `INSERT INTO service_configuration (service, instance, loaded_at, seen_at, overridden, routing)
       VALUES ('notifier', 'host/1', now(), now(), '{routing}', 'route: ...')`,
    );
    expect(await run('routes', 'show', '--in-effect')).toBe('route: ...\n');
    expect(await run('routes', 'show')).toContain('receiver: team');
    await api.store.query('DELETE FROM service_configuration');
    expect(await run('routes', 'show', '--in-effect')).toContain('receiver: team');
    await writeFile(file, 'route: { receiver: none }\n');
    await expect(run('routes', 'set', file)).rejects.toMatchObject({ code: 'ROUTING_INVALID' });
  });

  it('keep the secrets of an entry that is edited', async () => {
    const registry = ['name=hub', 'kind=harbor', 'url=https://hub.example.com', 'webhookSecret=hook-secret-1'];
    await run('registries', 'add', ...registry);
    await run('registries', 'edit', 'hub', 'reconcile.every=1h');
    const [hub] = JSON.parse(await run('registries', '-o', 'json')) as Record<string, unknown>[];
    expect(hub).toMatchObject({ version: 2, secrets: ['webhookSecret'], document: { reconcile: { every: '1h' } } });
    expect(output.stdout).not.toContain('hook-secret-1');
  });
});
