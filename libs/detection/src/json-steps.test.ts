import * as fc from 'fast-check';

import { jsonSteps } from './json-steps.js';

const many = <T>(count: number, of: (index: number) => T) => Array.from({ length: count }, (_, index) => of(index));

describe('jsonSteps', () => {
  it('writes what JSON.stringify writes, whatever the size of parts', () => {
    const leaf = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined));
    const list = fc.tuple(fc.nat(30_000), leaf).map(([count, each]) => many(count, () => each));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        leaf,
        list,
        fc.array(tie('any'), { maxLength: 5 }),
        fc.dictionary(fc.string(), tie('any'), { maxKeys: 5 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (each) => {
        const whole = { each };
        expect([...jsonSteps(whole)].join('')).toBe(JSON.stringify(whole));
      }),
      { numRuns: 100 },
    );
  });

  it('bounds each step, also for large parts inside of others', () => {
    const state = {
      format: 'x',
      pairs: { older: many(50, (place) => [`node-${place}`, many(2_000, (key) => [key, ['a', 1, null]])]), newer: [] },
      texts: many(20_000, () => 'x'.repeat(200)),
    };
    const steps = [...jsonSteps(state)];
    expect(steps.join('')).toBe(JSON.stringify(state));
    expect(Math.max(...steps.map(({ length }) => length))).toBeLessThan(2 ** 20);
  });

  it('makes the JSON of a lazy value only in its step', () => {
    let made = 0;
    const steps = jsonSteps(many(1_000, (index) => ({ toJSON: () => ((made += 1), index) })));
    steps.next();
    steps.next();
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(1_000);
    expect(`[${many(made, String).join()}${[...steps].join('')}`).toBe(JSON.stringify(many(1_000, (index) => index)));
  });
});
