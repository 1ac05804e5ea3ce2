import { compileFunction } from 'node:vm';

import { endWork, workOf } from './work-of.js';

const sizes = [20_000, 80_000] as const;

function growth(run: (size: number) => number): number {
  const [small, large] = sizes.map((size) => workOf(() => run(size)));
  return large! / small!;
}

describe('workOf', () => {
  it('grows fourfold with four times the input of a loop', () => {
    const growing = growth((size) => {
      let sum = 0;
      for (let index = 0; index < size; index += 1) sum += index % 2 === 0 ? index : 1;
      return sum;
    });
    expect(growing).toBeGreaterThan(3);
    expect(growing).toBeLessThan(5);
  });

  it('counts nothing of what ran before', () => {
    const source = Array.from({ length: 20_000 }, (_, index) => `f.push(() => ${index});`).join('\n');
    const functions = compileFunction(`const f = [];\n${source}\nreturn f;`)() as (() => number)[];
    workOf(() => undefined);
    for (const each of functions) each();
    expect(workOf(() => undefined)).toBeLessThan(100);
  });

  it.each([
    [
      'of a loop within a loop',
      (size: number) => {
        let pairs = 0;
        for (let first = 0; first < size; first += 50) for (let second = 0; second < size; second += 50) pairs += 1;
        return pairs;
      },
    ],
    [
      'of a search that starts again at each character',
      (size: number) => {
        const text = 'a'.repeat(size / 10);
        let found = 0;
        for (let index = 0; index < size / 10; index += 1) if (text.indexOf('b', index) !== -1) found += 1;
        return found;
      },
    ],
  ])('grows sixteenfold with four times the input %s', (_what, run) => {
    expect(growth(run)).toBeGreaterThan(12);
  });

  it('restores the functions that it counts', () => {
    const before = String.prototype.indexOf;
    expect(() =>
      workOf(() => {
        throw new Error('of the function');
      }),
    ).toThrow('of the function');
    expect(String.prototype.indexOf).toBe(before);
  });
});

afterAll(endWork);
