import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commandLine, startTicks, stopLeftover } from './identity.js';

const idle = 'setInterval(() => {}, 1000)';
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidewaiter-identity-'));
});

afterEach(async () => rm(dir, { recursive: true, force: true }));

async function startIdle(argument: string) {
  const child = spawn(process.execPath, ['-e', idle, argument]);
  await once(child, 'spawn');
  const pidFile = join(dir, 'pid');
  await writeFile(pidFile, `${child.pid}\n`);
  return { child, pidFile, pid: child.pid! };
}

describe('commandLine', () => {
  it('stops a process that was started with our path', async () => {
    const { child, pidFile } = await startIdle('/ours/nats.conf');
    const exited = once(child, 'exit');
    await stopLeftover(pidFile, '/ours/nats.conf');
    expect(await exited).toEqual([null, 'SIGINT']);
  });

  it('ignores a process with a reused pid, and removes the stale file', async () => {
    const { child, pidFile, pid } = await startIdle('/ours/nats.conf.of-another-run');
    await stopLeftover(pidFile, '/ours/nats.conf');
    expect(await commandLine(pid)).toContain('/ours/nats.conf.of-another-run');
    await expect(access(pidFile)).rejects.toMatchObject({ code: 'ENOENT' });
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it.each(['', 'nonsense', '-1', '0', '1', '99999999999999999999'])(
    'sends no signal for the pid file %j',
    async (text) => {
      const pidFile = join(dir, 'pid');
      await writeFile(pidFile, text);
      await stopLeftover(pidFile, '/sbin/init');
      await expect(access(pidFile)).resolves.toBeUndefined();
    },
  );

  it('returns the start of a living process, and null for a dead one', async () => {
    expect(await startTicks(process.pid)).toMatch(/^[0-9]+$/);
    const { child, pid } = await startIdle('x');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await startTicks(pid)).toBeUndefined();
  });
});
