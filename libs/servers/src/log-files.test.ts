import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { openLog, rotateLog, rotateLogs } from './log-files.js';

describe('log files', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidewaiter-log-'));
    file = join(folder, 'server.log');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('stay as they are up to their size', async () => {
    writeFileSync(file, 'x'.repeat(100));
    expect(await rotateLog(file, 100)).toBe(false);
    expect(await rotateLog(join(folder, 'missing.log'), 100)).toBe(false);
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  it('keep one old file, readable for their owner alone', async () => {
    for (const content of ['first', 'second']) {
      writeFileSync(file, content, { mode: 0o600 });
      expect(await rotateLog(file, 4)).toBe(true);
    }
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('second');
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(statSync(`${file}.1`).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.1.1`)).toBe(false);
  });

  it('go on at their start for a process that holds them open', async () => {
    const log = await openLog(file);
    const program = `process.stdin.on('data', (data) => process.stdout.write(data))`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', log.fd, 'inherit'] });
    await log.close();
    const line = async (text: string) => {
      child.stdin!.write(`${text}\n`);
      while (!readFileSync(file, 'utf8').endsWith(`${text}\n`)) await sleep(10);
    };
    await line('before');
    await rotateLog(file, 1);
    await line('after');
    child.stdin!.end();
    await once(child, 'exit');
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('before\n');
    expect(readFileSync(file, 'utf8')).toBe('after\n');
  });

  it('stay bounded while a process writes without end', async () => {
    const log = await openLog(file);
    const program = `setInterval(() => process.stdout.write('x'.repeat(99) + '\\n'), 1)`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', log.fd, 'inherit'] });
    await log.close();
    const failures: unknown[] = [];
    const rotation = rotateLogs([file], (_, error) => failures.push(error), { maxBytes: 5_000, everyMs: 10 });
    let largest = 0;
    const deadline = Date.now() + 10_000;
    while (!existsSync(`${file}.1`) && Date.now() < deadline) await sleep(5);
    for (let look = 0; look < 100; look++) {
      largest = Math.max(largest, statSync(file).size);
      await sleep(5);
    }
    rotation.stop();
    child.kill();
    await once(child, 'exit');
    expect(failures).toEqual([]);
    expect(statSync(`${file}.1`).size).toBeGreaterThan(5_000);
    // A busy machine delays the timer: far more than twice the size means that nothing rotates.
    expect(largest).toBeLessThan(50_000);
    expect(readFileSync(file, 'utf8')).not.toContain('\0');
  });

  it('report what cannot be rotated', async () => {
    writeFileSync(file, 'too much');
    mkdirSync(`${file}.1`);
    const failed = Promise.withResolvers<string>();
    const rotation = rotateLogs([file], (name) => failed.resolve(name), { maxBytes: 1, everyMs: 5 });
    expect(await failed.promise).toBe(file);
    rotation.stop();
  });
});
