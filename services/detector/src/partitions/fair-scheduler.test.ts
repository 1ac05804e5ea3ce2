import { FairScheduler } from './fair-scheduler.js';

describe('FairScheduler', () => {
  it('runs tasks one at a time in the order of their calls', async () => {
    const scheduler = new FairScheduler();
    const done: number[] = [];
    await Promise.all([1, 2, 3].map(async (each) => scheduler.run(() => done.push(each))));
    expect(done).toEqual([1, 2, 3]);
  });

  it('rejects the promise of a failed task and runs the next one', async () => {
    const scheduler = new FairScheduler();
    const failing = scheduler.run(() => {
      throw new Error('no');
    });
    const next = scheduler.run(() => 'yes');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });
});
