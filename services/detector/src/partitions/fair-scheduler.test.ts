import { FairScheduler } from './fair-scheduler.js';

describe('Turns', () => {
  it('does one thing after the other, in the order in which they are asked for', async () => {
    const scheduler = new FairScheduler();
    const done: number[] = [];
    await Promise.all([1, 2, 3].map(async (each) => scheduler.run(() => done.push(each))));
    expect(done).toEqual([1, 2, 3]);
  });

  it('tells whoever asked of a failure, and goes on', async () => {
    const scheduler = new FairScheduler();
    const failing = scheduler.run(() => {
      throw new Error('no');
    });
    const next = scheduler.run(() => 'yes');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });
});
