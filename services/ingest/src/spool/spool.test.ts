import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLogger } from '@tidewaiter/runtime';

import { Spool } from './spool.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-spool-'));
});

afterEach(async () => rm(folder, { recursive: true }));

const openSpool = async (at = folder) =>
  Spool.open({ folder: at, maxBytes: 2 ** 26, log: createLogger('test', 'silent') });
const lockedBy = async (holder: object) => writeFile(join(folder, 'lock'), JSON.stringify(holder));

describe('Spool', () => {
  it('refuses a folder that another process uses', async () => {
    // The parent of this process runs; systems without /proc have no time of its start.
    const spool = await openSpool();
    await spool.close();
    const { readFile } = await import('node:fs/promises');
    const stat = await readFile(`/proc/${process.ppid}/stat`, 'utf8').catch(() => '');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    await lockedBy({ pid: process.ppid, started });
    await expect(openSpool()).rejects.toMatchObject({ code: 'SPOOL_IN_USE' });
  });

  it('takes over a folder whose process has crashed, also when its number is used again', async () => {
    await lockedBy({ pid: process.ppid, started: '1' });
    await (await openSpool()).close();
    await lockedBy({ pid: 2 ** 22 + 1, started: '1' });
    await (await openSpool()).close();
    await writeFile(join(folder, 'lock'), 'torn');
    await (await openSpool()).close();
  });

  it('names the variable of a folder that it cannot write', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openSpool(join(folder, 'file', 'spool'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('TIDEWAITER_SPOOL_DIR'),
    });
  });

  it('begins with the webhooks that were not stored, and with all when its note is damaged', async () => {
    const spool = await openSpool();
    await spool.hooks.append(Buffer.from('a'));
    const stored = spool.hooks.end;
    await spool.hooks.append(Buffer.from('b'));
    await spool.hooks.note(stored);
    await spool.close();
    const again = await openSpool();
    expect(again.hooksStored).toEqual(stored);
    await again.hooks.note({ segment: 9, offset: 0 });
    await again.close();
    const third = await openSpool();
    expect(third.hooksStored).toEqual(third.hooks.start);
    await third.close();
  });

  it('keeps covered events only while there is room, the newest longest', async () => {
    const mebibyte = Buffer.alloc(2 ** 20, 'x');
    // Events may use seven eighths of it.
    const maxBytes = 5.5 * mebibyte.length;
    const spool = await Spool.open({ folder, maxBytes, log: createLogger('test', 'silent') });
    const { events, hooks, coverage } = spool;
    coverage.compare({ life: 'a', sequence: 0 });
    for (let number = 1; number <= 2; number += 1) {
      await events.append(mebibyte);
      coverage.published(0, number, events.end);
      await events.closeSegment();
      coverage.cover(number, new Map([[0, { life: 'a', sequence: number, readAt: new Date() }]]));
    }
    expect(spool.waitingBytes).toBe(0);
    for (const expected of [[1, 2], [1, 2], [2]]) {
      await events.append(mebibyte);
      expect(coverage.covered()).toEqual(expected);
    }
    for (const expected of [[2], []]) {
      await hooks.append(mebibyte);
      expect(coverage.covered()).toEqual(expected);
    }
    expect(events.segments.map(({ number }) => number)).toEqual([3]);
    await expect(events.append(mebibyte)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    expect(spool.waitingBytes).toBe(spool.usedBytes);
    await spool.close();
  });

  it('remembers values beside its entries', async () => {
    const spool = await openSpool();
    expect(await spool.lastNote('database')).toBeNull();
    await spool.note('database', { beat: 1 });
    await spool.close();
    const again = await openSpool();
    expect(await again.lastNote('database')).toEqual({ beat: 1 });
    await again.close();
  });
});
