import { getEventListeners } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLogger } from '@tidewaiter/runtime';
import * as fc from 'fast-check';

import { isAtOrBehind, type LogPosition, positionIn, SegmentLog } from './segment-log.js';
import { SpoolBudget } from './spool-budget.js';

const mebibyte = 2 ** 20;

let folder: string;
let budget: SpoolBudget;
let losses: number;
let opened: SegmentLog[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-log-'));
  budget = new SpoolBudget(64 * mebibyte);
  losses = 0;
});

afterEach(async () => {
  await Promise.all(opened.map(async (log) => log.close()));
  opened = [];
  await rm(folder, { recursive: true });
});

async function openLog(): Promise<SegmentLog> {
  const log = await SegmentLog.open({
    folder,
    budget,
    log: createLogger('test', 'silent'),
    onLoss: () => (losses += 1),
  });
  opened.push(log);
  return log;
}

async function readAll(log: SegmentLog, from: LogPosition = log.start, maxBytes = 100): Promise<string[]> {
  const contents: string[] = [];
  for (let at = from; ;) {
    const entries = await log.read(at, maxBytes);
    if (entries.length === 0) return contents;
    contents.push(...entries.map(({ content }) => content.toString()));
    at = entries.at(-1)!.next;
  }
}

const segments = async () => (await readdir(folder)).filter((name) => name.endsWith('.log')).toSorted();
const append = async (log: SegmentLog, ...texts: string[]) =>
  Promise.all(texts.map(async (text) => log.append(Buffer.from(text))));

describe('SegmentLog', () => {
  it('returns entries in the order of their appends, also larger ones than a read', async () => {
    const log = await openLog();
    const texts = Array.from({ length: 50 }, (_, index) => `${index} `.repeat(index === 20 ? 1_000 : 3));
    await append(log, ...texts);
    expect(await readAll(log)).toEqual(texts);
  });

  it('has on disk what an append has resolved', async () => {
    const log = await openLog();
    await append(log, 'a', 'b');
    // Another process reads the file as a crash would leave it.
    expect(await readAll(await openLog())).toEqual(['a', 'b']);
  });

  it('cuts a torn tail, and goes on in another segment', async () => {
    const first = await openLog();
    await append(first, 'a', 'b');
    const [name = ''] = await segments();
    const whole = await readFile(join(folder, name));
    await appendFile(join(folder, name), whole.subarray(0, 5));
    const second = await openLog();
    await append(second, 'c');
    expect([await readAll(second), losses, (await segments()).length]).toEqual([['a', 'b', 'c'], 0, 2]);
    expect(await readFile(join(folder, name))).toEqual(whole);
  });

  it('reads all entries that came after a restart, whatever was noted about deleted ones', async () => {
    const first = await openLog();
    await append(first, 'stored', 'before');
    await first.note(first.end);
    await first.closeSegment();
    await first.dropBefore(first.end);
    const second = await openLog();
    await append(second, 'of an outage', 'of the same outage');
    const third = await openLog();
    expect(await readAll(third, positionIn(third, await third.lastNote()))).toEqual([
      'of an outage',
      'of the same outage',
    ]);
    expect(losses).toBe(0);
  });

  it('gives every entry to its reader in order, once per note, over any sequence of restarts', async () => {
    const steps = fc.array(fc.constantFrom('append', 'read', 'read and note', 'restart'), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        await rm(folder, { recursive: true });
        let log = await openLog();
        let at = log.start;
        let appended = 0;
        // A read is repeated if the process ends before its note.
        const [read, noted]: [string[], string[]] = [[], []];
        // A read ends with its segment.
        const toTheEnd = Array<string>(sequence.length + 1).fill('read and note');
        for (const step of [...sequence, 'restart', ...toTheEnd]) {
          if (step === 'append') await append(log, `${(appended += 1)}`.repeat(appended));
          if (step.startsWith('read')) {
            const entries = await log.read(at, mebibyte);
            read.push(...entries.map(({ content }) => content.toString()));
            at = entries.at(-1)?.next ?? at;
          }
          if (step === 'read and note') {
            noted.push(...read.splice(0));
            await log.note(at);
            if (isAtOrBehind(at, log.end)) await log.closeSegment();
            await log.dropBefore(at);
          }
          if (step === 'restart') {
            read.splice(0);
            await log.close();
            log = await openLog();
            at = positionIn(log, await log.lastNote());
          }
        }
        expect(noted).toEqual(Array.from({ length: appended }, (_, index) => `${index + 1}`.repeat(index + 1)));
      }),
    );
  });

  it('begins with the oldest entry where the note is not its own', async () => {
    const log = await openLog();
    await append(log, 'a', 'b');
    for (const note of ['{"segment":1,"offset":9}', '{"lastNumber":"1","value":{}}', '[]', '1', 'null', '{']) {
      await writeFile(join(folder, 'position.json'), note);
      const next = await openLog();
      expect([note, await next.lastNote(), positionIn(next, await next.lastNote())]).toEqual([note, null, log.start]);
    }
  });

  it('counts damage once, and reads the other segments', async () => {
    const log = await openLog();
    await append(log, 'a', 'b', 'c');
    await log.closeSegment();
    await append(log, 'd');
    const [name = ''] = await segments();
    const bytes = await readFile(join(folder, name));
    bytes[bytes.indexOf('b')]! ^= 1;
    await writeFile(join(folder, name), bytes);
    expect(await readAll(log)).toEqual(['a', 'd']);
    expect(await readAll(log)).toEqual(['a', 'd']);
    expect(losses).toBe(1);
  });

  it('refuses an entry for which there is no room, and takes it once there is', async () => {
    budget = new SpoolBudget(3 * mebibyte);
    const log = await openLog();
    const large = 'x'.repeat(2 * mebibyte);
    await append(log, large);
    await expect(append(log, large)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    await log.closeSegment();
    await log.drop(log.closedSegments[0]!);
    expect(budget.usedBytes).toBe(0);
    await append(log, large);
    expect((await readAll(log))[0]).toHaveLength(large.length);
  });

  it('rejects only what could not be written when the disk fails, and recovers', async () => {
    const log = await openLog();
    await append(log, 'a');
    await log.closeSegment();
    const gone = `${folder}-gone`;
    await rm(folder, { recursive: true });
    await expect(append(log, 'b')).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    await import('node:fs/promises').then(async ({ mkdir }) => mkdir(folder));
    await append(log, 'c');
    expect(await readAll(log, { segment: 2, offset: 0 })).toEqual(['c']);
    await rm(gone, { recursive: true, force: true });
  });

  it('begins another segment when one is large enough', async () => {
    const log = await openLog();
    for (let index = 0; index < 9; index += 1) await append(log, String(index).repeat(2 * mebibyte));
    expect(await segments()).toHaveLength(3);
    expect((await readAll(log)).map((text) => text[0])).toEqual(Array.from('012345678'));
    for (const number of log.closedSegments) await log.drop(number);
    expect((await readAll(log)).map((text) => text[0])).toEqual(['8']);
  });

  it('continues its numbers after everything was dropped, so that a position stays true', async () => {
    const log = await openLog();
    await append(log, 'a');
    const before = log.end;
    await log.closeSegment();
    await log.drop(1);
    await append(log, 'b');
    expect(await readAll(log, before)).toEqual(['b']);
  });

  it('remembers the last note', async () => {
    const log = await openLog();
    expect(await log.lastNote()).toBeNull();
    await log.note({ at: 1 });
    await log.note({ at: 2 });
    expect(await (await openLog()).lastNote()).toEqual({ at: 2 });
    await writeFile(join(folder, 'position.json'), '{');
    expect(await (await openLog()).lastNote()).toBeNull();
  });

  describe('nextWrite', () => {
    const never = new AbortController().signal;

    it('resolves at the next write, and at once after one that came before the call', async () => {
      const log = await openLog();
      const { writes } = log;
      const waiting = log.nextWrite(writes, never);
      await append(log, 'a');
      await expect(waiting).resolves.toBeUndefined();
      await expect(log.nextWrite(writes, never)).resolves.toBeUndefined();
    });

    it('ends after a time and with the signal, and leaves no listener behind', async () => {
      const log = await openLog();
      const stopped = new AbortController();
      for (let wait = 0; wait < 20; wait += 1) await log.nextWrite(log.writes, stopped.signal, 1);
      expect(getEventListeners(stopped.signal, 'abort')).toEqual([]);
      const waiting = log.nextWrite(log.writes, stopped.signal);
      stopped.abort();
      await expect(waiting).resolves.toBeUndefined();
      await expect(log.nextWrite(log.writes, stopped.signal)).resolves.toBeUndefined();
      expect(getEventListeners(stopped.signal, 'abort')).toEqual([]);
    });
  });
});
