import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { start } from '@tidewaiter/console';
import { captureOutput, type CapturedOutput, startConsole, type TestConsole } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { environment } from '../context.js';
import { imagesCommand } from '../images/images.js';
import { logoutCommand } from '../logout/logout.js';
import { savedTokenFile } from '../saved-sign-ins.js';
import { loginCommand } from './login.js';

let api: TestConsole;
let token: string;
let folder: string;
let output: CapturedOutput;
const before = environment['XDG_CONFIG_HOME'];

beforeAll(async () => {
  api = await startConsole(start);
  token = await api.tokenOf('ann', 'viewer');
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-login-'));
  process.env['XDG_CONFIG_HOME'] = folder;
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  await rm(folder, { recursive: true });
});

afterAll(async () => {
  if (before === undefined) delete process.env['XDG_CONFIG_HOME'];
  else process.env['XDG_CONFIG_HOME'] = before;
  await api.stop();
});

async function run(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  for (const define of [loginCommand, logoutCommand, imagesCommand]) define(program);
  await program.parseAsync(args, { from: 'user' });
}

/** Answers the sign-in that the command line has shown, as its user does in the browser. */
async function decide(decision: 'approve' | 'refuse'): Promise<void> {
  for (;;) {
    const [, code] = /\/device\?code=([A-Z-]{9})/.exec(output.stderr) ?? [];
    if (code === undefined) {
      await sleep(20);
      continue;
    }
    const headers = { authorization: `Bearer ${token}` };
    const { status } = await fetch(`${api.url}/api/v1/device-logins/${code}/${decision}`, {
      method: 'POST',
      headers,
    });
    expect(status).toBe(204);
    return;
  }
}

describe('login', () => {
  it('signs later commands in, with a token that only this user can read, until logout', async () => {
    await Promise.all([run('login', '--server', api.url), decide('approve')]);
    expect(output.stderr).toContain(`Signed in to ${api.url} as ann (viewer).`);
    const file = savedTokenFile(api.url);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'tidewaiter/sign-ins'))).mode & 0o777).toBe(0o700);
    expect(output.stderr).not.toContain((await readFile(file, 'utf8')).trim());
    await run('images');
    await run('images', '--server', api.url);
    expect(output.stdout).toBe('no images match\nno images match\n');
    await run('logout');
    expect(await readdir(join(folder, 'tidewaiter/sign-ins'))).toEqual([]);
    await expect(run('images')).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });

  it('saves nothing when the sign-in is refused', async () => {
    const [signedIn] = await Promise.allSettled([run('login', '--server', api.url), decide('refuse')]);
    expect(signedIn).toMatchObject({ status: 'rejected', reason: { code: 'SIGN_IN_REFUSED' } });
    await expect(run('images', '--server', api.url)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });

  it('gives the token of one platform to no other', async () => {
    await Promise.all([run('login', '--server', api.url), decide('approve')]);
    await expect(run('images', '--server', 'http://127.0.0.1:9')).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });
});
