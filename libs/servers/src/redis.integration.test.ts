import { appendFile, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from './ports.js';
import { findPrograms, type Programs } from './programs.js';
import { startRedis } from './redis.js';
import { ask } from './server-process.js';

let dir: string;
let programs: Programs;
let port: number;
let setAside: string[];

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'tidewaiter-redis-')));
  programs = await findPrograms(process.env['PATH']);
  port = await freePort();
  setAside = [];
});

afterEach(async () => rm(dir, { recursive: true, force: true }));

const start = async () =>
  startRedis({ dataDir: dir, port, password: 'p', onSetAside: (folder) => setAside.push(folder) }, programs);

const say = async (command: string) => ask(port, `AUTH p\r\n${command}\r\nQUIT\r\n`, () => false);

/** Redis that was killed with one key in its files. */
async function killedWithKey(): Promise<void> {
  const redis = await start();
  await say('SET job 1');
  await redis.kill();
}

const inData = (name: string) => join(dir, 'appendonlydir', name);

describe('startRedis with files of an earlier run', () => {
  it('keeps its keys when they are whole', async () => {
    await killedWithKey();
    const redis = await start();
    expect(await say('GET job')).toContain('$1\r\n1');
    await redis.stop();
    expect(setAside).toEqual([]);
  });

  it.each([
    ['bytes in its commands', async () => appendFile(inData('appendonly.aof.1.incr.aof'), Buffer.alloc(64))],
    ['a snapshot that is none', async () => writeFile(inData('appendonly.aof.1.base.rdb'), 'REDIS0011 no more')],
    ['a manifest that is none', async () => writeFile(inData('appendonly.aof.manifest'), '\0\0\0\0')],
    ['a file that is gone', async () => rm(inData('appendonly.aof.1.incr.aof'))],
  ])('starts without them after damage: %s', async (_, damage) => {
    await killedWithKey();
    await damage();
    const redis = await start();
    expect(await say('GET job')).toContain('$-1');
    await redis.stop();
    expect(setAside).toEqual([join(dir, 'appendonlydir.damaged')]);
    // It is whole again.
    await (await start()).stop();
    expect(setAside).toHaveLength(1);
  });

  it('puts them back when it does not start without them either', async () => {
    await killedWithKey();
    const other = await startRedis({ dataDir: join(dir, 'other'), port, password: 'p' }, programs);
    await expect(start()).rejects.toMatchObject({ code: 'SERVER_START_FAILED' });
    await other.stop();
    const redis = await start();
    expect(await say('GET job')).toContain('$1\r\n1');
    await redis.stop();
    expect([setAside, await readdir(dir)]).toEqual([[], expect.not.arrayContaining(['appendonlydir.damaged'])]);
  });
});
