import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from './logger.js';

/** Periodic work. */
export interface Repetition {
  /** Stops the repetition and waits for a run in progress. */
  stop(): Promise<void>;
}

/** Runs `work` now, and again `pauseMs` after each end. Errors are logged and do not stop the repetition. */
export function repeat(work: () => Promise<void>, pauseMs: number, logger: Logger): Repetition {
  const stopped = new AbortController();
  const running = run(work, pauseMs, logger, stopped.signal);
  return {
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

async function run(work: () => Promise<void>, pauseMs: number, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await work().catch((err: unknown) => logger.warn({ err }, 'sweep failed'));
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
