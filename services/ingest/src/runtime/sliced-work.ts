import { setImmediate } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import type { Steps } from '@tidewaiter/collections';

/** Time for which requests of others may wait for a slice. */
const sliceMs = 10;

/**
 * Runs long work in slices, between which the event loop serves other requests. Works that take
 * more than one slice take turns, so that several together stop it no longer than one.
 */
@Injectable()
export class SlicedWork {
  #lastTurn: Promise<void> = Promise.resolve();

  async run<Result>(steps: Steps<Result>, now: () => number = () => performance.now()): Promise<Result> {
    const first = slice(steps, now);
    if (first.done) return first.value;
    const earlier = this.#lastTurn;
    const turn = Promise.withResolvers<void>();
    this.#lastTurn = turn.promise;
    await earlier;
    try {
      for (;;) {
        await setImmediate();
        const next = slice(steps, now);
        if (next.done) return next.value;
      }
    } finally {
      turn.resolve();
    }
  }
}

/** Steps until the work is done, or for a slice of time. */
function slice<Result>(steps: Steps<Result>, now: () => number): IteratorResult<void, Result> {
  const until = now() + sliceMs;
  for (;;) {
    const next = steps.next();
    if (next.done || now() >= until) return next;
  }
}
