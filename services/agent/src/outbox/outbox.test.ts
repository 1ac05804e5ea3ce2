import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { createLogger } from '@tidewaiter/runtime';

import { Outbox } from './outbox.js';

let folder: string;
let opened: Outbox[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-outbox-'));
  opened = [];
});

afterEach(async () => {
  for (const outbox of opened) await outbox.close();
  await rm(folder, { recursive: true });
});

async function open(maxBytes = 2 ** 30): Promise<Outbox> {
  const outbox = await Outbox.open({ folder, maxBytes, log: createLogger('test', 'silent') });
  opened.push(outbox);
  return outbox;
}

async function reopen(outbox: Outbox): Promise<Outbox> {
  opened = opened.filter((each) => each !== outbox);
  await outbox.close();
  return open();
}

/** Reads and acknowledges everything, oldest first. */
async function drain(outbox: Outbox): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const waiting = await outbox.waiting(2 ** 20);
    if (waiting.length === 0) return lines;
    for (const { entry } of waiting) lines.push(...gunzipSync(entry.packed).toString().split('\n').filter(Boolean));
    await outbox.acknowledge(waiting.at(-1)!.next);
  }
}

describe('Outbox', () => {
  it('joins what arrives at one moment, in order, and forgets it when it is acknowledged', async () => {
    const outbox = await open();
    await Promise.all([outbox.add('falco', '1\n', 1), outbox.add('falco', '2\n', 1), outbox.add('tetragon', '3\n', 1)]);
    const waiting = await outbox.waiting(2 ** 20);
    expect(waiting.map(({ entry: { source, events } }) => [source, events])).toEqual([
      ['falco', 2],
      ['tetragon', 1],
    ]);
    expect(await drain(outbox)).toEqual(['1', '2', '3']);
    expect(outbox.isEmpty).toBe(true);
    expect(outbox.waitingBytes).toBe(0);
    expect(outbox.lagMs(Date.now())).toBe(0);
  });

  it('has events after a restart, and no acknowledged ones', async () => {
    const outbox = await open();
    await outbox.add('falco', '1\n', 1);
    await drain(outbox);
    await outbox.add('falco', '2\n', 1);
    expect(await drain(await reopen(outbox))).toEqual(['2']);
  });

  it('stores what it was given when it is closed', async () => {
    const outbox = await open();
    const added = outbox.add('falco', '1\n', 1);
    const again = await reopen(outbox);
    await added;
    expect(await drain(again)).toEqual(['1']);
  });

  it('drops the oldest events when it is full, and counts each by source', async () => {
    const outbox = await open(32 * 2 ** 20);
    const lost: string[] = [];
    outbox.onDrop = (source) => lost.push(source);
    // Bytes that gzip cannot make smaller.
    const text = () => `${randomBytes(750_000).toString('base64')}\n`;
    for (let index = 0; index < 60; index += 1)
      await outbox.add(index % 2 === 0 ? 'falco' : 'kubernetes-watch', `${index} ${text()}`, 10);
    expect(outbox.waitingBytes).toBeLessThanOrEqual(32 * 2 ** 20);
    const dropped = { ...outbox.dropped };
    const left = (await drain(outbox)).map((line) => Number(line.split(' ')[0]));
    const total = Object.values(dropped).reduce((sum, events) => sum + events, 0);
    expect(total).toBe((60 - left.length) * 10);
    expect(left).toEqual(Array.from({ length: left.length }, (_, index) => 60 - left.length + index));
    expect(new Set(lost)).toEqual(new Set(['falco', 'kubernetes-watch']));
    expect((await reopen(outbox)).dropped).toEqual(dropped);
  });
});
