import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start } from '@tidewaiter/console';
import { type ClaimedRun, claimRun } from '@tidewaiter/servers';
import { captureOutput, type CapturedOutput, startConsole, type TestConsole } from '@tidewaiter/testkit';
import { Command } from 'commander';

const names = ['TIDEWAITER_HOME', 'XDG_CONFIG_HOME'] as const;
const before = names.map((name) => process.env[name]);
let api: TestConsole;
let folder: string;
let claimed: ClaimedRun;
let output: CapturedOutput;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-login-'));
  for (const name of names) process.env[name] = folder;
  api = await startConsole(start);
  claimed = await claimRun(join(folder, '.tidewaiter'), new Date());
});

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  for (const [index, name] of names.entries()) {
    if (before[index] === undefined) delete process.env[name];
    else process.env[name] = before[index];
  }
  await claimed.release();
  await api.stop();
  await rm(folder, { recursive: true });
});

/** Imports the commands only now, as they read the folder of `up` when they are loaded. */
async function run(...args: string[]): Promise<void> {
  const [{ loginCommand }, { logoutCommand }, { imagesCommand }] = await Promise.all([
    import('./login.js'),
    import('../logout/logout.js'),
    import('../images/images.js'),
  ]);
  const program = new Command('tidewaiter').exitOverride();
  for (const define of [loginCommand, logoutCommand, imagesCommand]) define(program);
  await program.parseAsync(args, { from: 'user' });
}

async function statusWith(token: string): Promise<number> {
  const { status } = await fetch(`${api.url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  return status;
}

describe('login without a server', () => {
  it('needs an `up` in this folder', async () => {
    await expect(run('login')).rejects.toMatchObject({ code: 'SERVER_MISSING' });
    await expect(run('images')).rejects.toThrow('sign in by `tidewaiter login` where `up` runs');
  });

  it('signs in by the database of `up`, for twelve hours or until logout', async () => {
    await claimed.update({ consoleUrl: api.url, urls: { nats: '', redis: '', database: api.databaseUrl } });
    await run('login');
    await run('login');
    const [, until] = /as cli-\S+ \(admin\) until (\S+ \S+) UTC\.\n$/.exec(output.stderr)!;
    expect(Date.parse(`${until!}Z`)).toBeLessThanOrEqual(Date.now() + 12 * 60 * 60_000);
    await run('images');
    const { savedTokenFile } = await import('../saved-sign-ins.js');
    const token = (await readFile(savedTokenFile(api.url), 'utf8')).trim();
    expect(await statusWith(token)).toBe(200);
    await run('logout');
    expect(await statusWith(token)).toBe(401);
    await expect(run('images')).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });
});
