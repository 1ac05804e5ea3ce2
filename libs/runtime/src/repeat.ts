import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from './logger.js';

/** Work that is done again and again, with a pause in between. */
export interface Repetition {
  /** Does it no more, and waits for what is under way. */
  stop(): Promise<void>;
}

/** Does `work` now and every `pauseMs`. What it throws is logged: it may work the next time. */
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
