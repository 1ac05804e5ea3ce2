import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { inputOf, seedsOf } from './seeds.ts';
import { faultOf } from './target.ts';
import { targets } from './targets.ts';

const turns = 100;

describe('fuzz', () => {
  it('lists every target, and each has seeds', () => {
    const names = targets.map(({ name }) => name);
    expect(readdirSync(join(__dirname, 'targets'))).toEqual(names.map((name) => `${name}.ts`));
    expect(readdirSync(join(__dirname, 'seeds'))).toEqual(names);
  });

  it.each(targets)('$name reads its seeds', async (target) => {
    for (const seed of seedsOf(target)) {
      const input = target.repair ? target.repair(Buffer.from(seed)) : seed;
      expect(JSON.stringify(await target.run(input)).length).toBeGreaterThan(50);
    }
  });

  it.each(targets)(`$name withstands ${turns} mutated inputs`, async (target) => {
    const seeds = seedsOf(target);
    for (let turn = 0; turn < turns; turn += 1) {
      const fault = await faultOf(target, inputOf(target, seeds, 1, turn));
      expect({ turn, fault }).toEqual({ turn, fault: undefined });
    }
  });

  it('makes the same inputs of the same seed', () => {
    for (const target of targets) {
      const seeds = seedsOf(target);
      const digestOf = (seed: number) =>
        hash('sha256', Buffer.concat(Array.from({ length: 30 }, (_, turn) => inputOf(target, seeds, seed, turn))));
      expect(digestOf(7)).toEqual(digestOf(7));
      expect(digestOf(7)).not.toEqual(digestOf(8));
    }
  });
});
