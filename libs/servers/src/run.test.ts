import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { claimRun, currentRun } from './run.js';

const startedAt = new Date('2026-03-01T10:00:00Z');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidewaiter-run-'));
});

afterEach(async () => rm(dir, { recursive: true, force: true }));

describe('claimRun', () => {
  it('shows the run to others while it lasts', async () => {
    const claimed = await claimRun(dir, startedAt);
    await claimed.update({
      ready: true,
      services: [{ name: 'ingest', url: 'http://127.0.0.1:7070', healthUrl: 'http://127.0.0.1:7070' }],
    });
    expect(await currentRun(dir)).toMatchObject({
      pid: process.pid,
      ready: true,
      startedAt: '2026-03-01T10:00:00.000Z',
    });
    await claimed.release();
    expect(await currentRun(dir)).toBeUndefined();
  });

  it('rejects a second run in the same folder and names the first one', async () => {
    const claimed = await claimRun(dir, startedAt);
    await expect(claimRun(dir, startedAt)).rejects.toMatchObject({
      code: 'ALREADY_RUNNING',
      message: expect.stringContaining(`process ${process.pid} `),
    });
    await claimed.release();
    await (await claimRun(dir, startedAt)).release();
  });

  it('protects the file with passwords from other users', async () => {
    const claimed = await claimRun(dir, startedAt);
    expect((await stat(join(dir, 'run.json'))).mode & 0o777).toBe(0o600);
    await claimed.release();
  });

  it('ignores the file of a run whose pid was reused', async () => {
    const claimed = await claimRun(dir, startedAt);
    const text = await readFile(join(dir, 'run.json'), 'utf8');
    await claimed.release();
    const { startTicks } = JSON.parse(text) as { startTicks: string };
    await writeFile(join(dir, 'run.json'), text.replace(`"${startTicks}"`, `"${Number(startTicks) - 1}"`));
    expect(await currentRun(dir)).toBeUndefined();
    await (await claimRun(dir, startedAt)).release();
  });

  it('ignores the file of a copied folder', async () => {
    const claimed = await claimRun(dir, startedAt);
    const copy = `${dir}-copy`;
    await cp(dir, copy, { recursive: true });
    expect(await currentRun(copy)).toBeUndefined();
    expect(await currentRun(dir)).toMatchObject({ pid: process.pid });
    await claimed.release();
    await rm(copy, { recursive: true });
  });
});
