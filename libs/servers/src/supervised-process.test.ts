import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalServer } from './server-process.js';
import { superviseProcess } from './supervised-process.js';

/** A process that runs until it is stopped. */
async function start(): Promise<LocalServer> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const end = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { name: 'test', url: 'test://', port: 1, logFile: '', pid: child.pid!, exited, stop: end, kill: end };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('superviseProcess', () => {
  it('restarts a server that ends by itself, even if the first restart fails', async () => {
    const heard: string[] = [];
    const restarted = Promise.withResolvers<void>();
    let starts = 0;
    const first = await start();
    const server = superviseProcess(
      first,
      async () => {
        starts += 1;
        if (starts === 1) throw new Error('the port is still taken');
        return start();
      },
      {
        ended: () => heard.push('ended'),
        failed: () => heard.push('failed'),
        restarted: () => {
          heard.push('restarted');
          restarted.resolve();
        },
      },
    );
    process.kill(first.pid, 'SIGKILL');
    await restarted.promise;
    expect(heard).toEqual(['ended', 'failed', 'restarted']);
    expect(server.pid).not.toBe(first.pid);
    expect(isAlive(server.pid)).toBe(true);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('does not restart a stopped server', async () => {
    const first = await start();
    const never = () => Promise.reject(new Error('started again'));
    const silent = { ended: fail, failed: fail, restarted: fail };
    const server = superviseProcess(first, never, silent);
    await server.stop();
    await sleep(600);
    expect(isAlive(first.pid)).toBe(false);
  });
});

function fail(): void {
  throw new Error('something was reported');
}
