import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { mutate } from './mutate.ts';
import { randomOf } from './random.ts';
import type { Target } from './target.ts';

/** The seeds of a target, by name. What ends in `.gz` is packed to be small in the repository. */
export function seedsOf({ name }: Target): Buffer[] {
  const folder = join(import.meta.dirname, 'seeds', name);
  const files = readdirSync(folder).toSorted();
  return files.map((file) => {
    const bytes = readFileSync(join(folder, file));
    return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
  });
}

/**
 * The input of one turn: the same for the same target, seeds, seed and turn. The first turns are
 * the seeds as they are.
 */
export function inputOf(target: Target, seeds: readonly Buffer[], seed: number, turn: number): Buffer {
  if (turn < seeds.length) return Buffer.from(seeds[turn]!);
  const random = randomOf(seed, turn);
  const input = mutate(seeds, random);
  return target.repair && !random.oneIn(8) ? target.repair(input) : input;
}
