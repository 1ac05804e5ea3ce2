// Feeds one target until the time is over. The turn is written to shared memory before its input is
// read, so that the thread that terminates this one knows the input.
import { parentPort, workerData } from 'node:worker_threads';

import { inputOf, seedsOf } from './seeds.ts';
import { faultOf } from './target.ts';
import { targets } from './targets.ts';

/** Parameters of a worker's run. */
export interface WorkerTask {
  target: string;
  seed: number;
  firstTurn: number;
  /** Milliseconds from the first input. */
  durationMs: number;
  /** One number: the current turn. */
  turn: Int32Array;
}

/** A faulty input, as posted by a worker. */
export interface FaultyInput {
  turn: number;
  fault: string;
}

const { target: name, seed, firstTurn, durationMs, turn } = workerData as WorkerTask;
const target = targets.find((each) => each.name === name)!;

const seeds = seedsOf(target);
const end = performance.now() + durationMs;
for (let next = firstTurn; performance.now() < end; next += 1) {
  Atomics.store(turn, 0, next);
  const fault = await faultOf(target, inputOf(target, seeds, seed, next));
  if (fault !== undefined) parentPort!.postMessage({ turn: next, fault } satisfies FaultyInput);
}
