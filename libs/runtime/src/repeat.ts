import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from './logger.js';

/** Periodic work. */
export interface Repetition {
  /** Stops the repetition and waits for a run in progress. */
  stop(): Promise<void>;
}

/** Periodic work; the signal is aborted when the repetition is stopped. */
export type PeriodicWork = (signal: AbortSignal) => Promise<void>;

/**
 * Runs `work` now, and again `pauseMs` after each end. Errors are logged, with `fields`, and do not
 * stop the repetition.
 */
export function repeat(
  work: PeriodicWork,
  pauseMs: number,
  logger: Logger,
  fields: Record<string, unknown> = {},
): Repetition {
  const stopped = new AbortController();
  const { signal } = stopped;
  const runAll = async () => {
    while (!signal.aborted) {
      await work(signal).catch((err: unknown) => logger.warn({ ...fields, err }, 'sweep failed'));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = runAll();
  return {
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
