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
});
