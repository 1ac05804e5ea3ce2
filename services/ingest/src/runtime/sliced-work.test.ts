import { setImmediate } from 'node:timers/promises';

import type { Steps } from '@tidewaiter/collections';

import { SlicedWork } from './sliced-work.js';

/** Work of some steps, each of which takes a millisecond of a clock. */
class Bench {
  nowMs = 0;
  readonly done: string[] = [];
  readonly #work = new SlicedWork();

  async run(name: string, count: number): Promise<string> {
    return this.#work.run(this.#steps(name, count), () => this.nowMs);
  }

  *#steps(name: string, count: number): Steps<string> {
    for (let step = 1; step <= count; step += 1) {
      this.nowMs += 1;
      this.done.push(`${name}${step}`);
      yield;
    }
    return name;
  }
}

describe('SlicedWork', () => {
  it('does short work at once', async () => {
    const bench = new Bench();
    const running = bench.run('a', 5);
    expect(bench.done).toHaveLength(5);
    await expect(running).resolves.toBe('a');
  });

  it('lets the event loop turn between the slices of long work', async () => {
    const bench = new Bench();
    let turns = 0;
    const watching = new AbortController();
    const counting = (async () => {
      for (; !watching.signal.aborted; turns += 1) await setImmediate();
    })();
    await expect(bench.run('a', 1_000)).resolves.toBe('a');
    watching.abort();
    await counting;
    expect(turns).toBeGreaterThan(90);
  });

  it('runs no more than one slice of long works in a turn, and short ones meanwhile', async () => {
    const bench = new Bench();
    const long = [bench.run('a', 100), bench.run('b', 100)];
    await setImmediate();
    const before = bench.done.length;
    await setImmediate();
    expect(bench.done.length - before).toBeLessThanOrEqual(10);
    await expect(bench.run('c', 3)).resolves.toBe('c');
    await expect(Promise.all(long)).resolves.toEqual(['a', 'b']);
    expect(bench.done.lastIndexOf('a100')).toBeLessThan(bench.done.indexOf('b11'));
  });

  it('goes on with other works after one that fails', async () => {
    const work = new SlicedWork();
    let nowMs = 0;
    const failing = (function* (): Steps<never> {
      for (let step = 0; step < 3; step += 1) {
        nowMs += 100;
        yield;
      }
      throw new Error('damaged');
    })();
    const failed = work.run(failing, () => nowMs);
    const bench = new Bench();
    await expect(failed).rejects.toThrow('damaged');
    await expect(bench.run('a', 50)).resolves.toBe('a');
  });
});
