import { ConcurrencyLimit } from './concurrency-limit.js';

describe('ConcurrencyLimit', () => {
  it('lets two work at once, and the others in their order, also after one that failed', async () => {
    const limit = new ConcurrencyLimit(2);
    const begun: string[] = [];
    const gates = new Map<string, PromiseWithResolvers<void>>();
    const start = (name: string) => {
      const gate = Promise.withResolvers<void>();
      gates.set(name, gate);
      return limit.run(async () => {
        begun.push(name);
        await gate.promise;
        return name;
      });
    };
    const works = ['a', 'b', 'c', 'd'].map(start);
    const outcomes = Promise.allSettled(works);
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b']);
    gates.get('b')?.reject(new Error('refused'));
    await new Promise(setImmediate);
    expect(begun).toEqual(['a', 'b', 'c']);
    for (const gate of gates.values()) gate.resolve();
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await expect(limit.run(async () => 'e')).resolves.toBe('e');
  });
});
