import { Unavailable } from '@tidewaiter/domain';

import { GroupCommit } from './group-commit.js';

const limits = { concurrency: 1, batchBytes: 10, waitingBytes: 20, timeoutMs: 1_000 };

/** Commits on request, and records its batches. */
class ManualCommit {
  readonly batches: string[][] = [];
  readonly #gates: PromiseWithResolvers<void>[] = [];

  commit = async (items: readonly string[]): Promise<string[]> => {
    this.batches.push([...items]);
    const gate = Promise.withResolvers<void>();
    this.#gates.push(gate);
    await gate.promise;
    return items.map((item) => item.toUpperCase());
  };

  async release(): Promise<void> {
    this.#gates.shift()?.resolve();
    await new Promise(setImmediate);
  }
}

/** Waits until pending microtasks have run. */
const later = () => new Promise(setImmediate);

describe('GroupCommit', () => {
  it('commits a single item at once', async () => {
    const manual = new ManualCommit();
    const kept = new GroupCommit(manual.commit, limits).add('a', 1);
    await later();
    expect(manual.batches).toEqual([['a']]);
    await manual.release();
    await expect(kept).resolves.toBe('A');
  });

  it('commits simultaneous items together, and items that arrive during a commit in the next one, each with its own result', async () => {
    const manual = new ManualCommit();
    const group = new GroupCommit(manual.commit, limits);
    const kept: Promise<string>[] = [];
    for (const together of [['a', 'b'], ['c'], ['d']]) {
      kept.push(...together.map(async (item) => group.add(item, 1)));
      await later();
    }
    await manual.release();
    expect(manual.batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    await manual.release();
    await expect(Promise.all(kept)).resolves.toEqual(['A', 'B', 'C', 'D']);
  });

  it('fills a commit up to its limit and commits a larger item alone', async () => {
    const manual = new ManualCommit();
    const group = new GroupCommit(manual.commit, { ...limits, waitingBytes: 100 });
    const sizes: [string, number][] = [
      ['first', 1],
      ['a', 5],
      ['b', 5],
      ['c', 1],
      ['large', 40],
      ['d', 1],
    ];
    const kept = sizes.map(async ([item, bytes]) => group.add(item, bytes));
    await later();
    for (const _ of sizes) await manual.release();
    await Promise.all(kept);
    expect(manual.batches).toEqual([['first', 'a'], ['b', 'c'], ['large'], ['d']]);
  });

  it('runs no more commits at a time than its limit', async () => {
    const manual = new ManualCommit();
    const group = new GroupCommit(manual.commit, { ...limits, waitingBytes: 100, concurrency: 2 });
    const kept = ['a', 'b', 'c'].map(async (item) => group.add(item, 10));
    await later();
    expect(manual.batches).toEqual([['a'], ['b']]);
    for (const _ of kept) await manual.release();
    await expect(Promise.all(kept)).resolves.toEqual(['A', 'B', 'C']);
  });

  it('rejects items above the limit until there is room', async () => {
    const manual = new ManualCommit();
    const group = new GroupCommit(manual.commit, limits);
    const kept = [group.add('running', 20)];
    await later();
    kept.push(group.add('waiting', 20));
    await expect(group.add('more', 1)).rejects.toMatchObject({ code: 'INTAKE_FULL', retryable: true });
    await manual.release();
    kept.push(group.add('later', 20));
    await manual.release();
    await manual.release();
    await expect(Promise.all(kept)).resolves.toEqual(['RUNNING', 'WAITING', 'LATER']);
  });

  it('rejects an item when its commit hangs', async () => {
    const group = new GroupCommit(new ManualCommit().commit, { ...limits, timeoutMs: 10 });
    const kept = [group.add('hangs', 1), group.add('waits', 1)];
    for (const each of kept) await expect(each).rejects.toMatchObject({ code: 'INTAKE_TIMEOUT' });
  });

  describe('a failed commit', () => {
    it('rejects all items of a failed commit once during an outage', async () => {
      const batches: number[] = [];
      const away = async (items: readonly string[]): Promise<string[]> => {
        batches.push(items.length);
        throw new Unavailable('STORE_UNAVAILABLE', 'away');
      };
      const group = new GroupCommit(away, limits);
      const outcomes = await Promise.allSettled(['a', 'b', 'c'].map(async (item) => group.add(item, 1)));
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      expect(batches).toEqual([3]);
    });

    it.each([
      [['a', 'b', 'poison']],
      [['poison', 'a', 'b', 'poison', 'c']],
      [['a', 'poison', 'b', 'c', 'd', 'e', 'f']],
    ])('keeps the neighbors of what can never be kept: %j', async (items) => {
      const picky = async (batch: readonly string[]): Promise<string[]> => {
        await new Promise(setImmediate);
        if (batch.includes('poison')) throw new Error('no');
        return [...batch];
      };
      const group = new GroupCommit(picky, limits);
      const outcomes = await Promise.allSettled(items.map(async (item) => group.add(item, 1)));
      const expected = items.map((item) => (item === 'poison' ? 'rejected' : 'fulfilled'));
      expect(outcomes.map(({ status }) => status)).toEqual(expected);
    });
  });
});
