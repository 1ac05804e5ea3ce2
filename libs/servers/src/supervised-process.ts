import { setTimeout as sleep } from 'node:timers/promises';

import type { ProcessInfo } from './run.js';
import type { LocalServer } from './server-process.js';

const firstPauseMs = 500;
const maxPauseMs = 30_000;
/** Uptime after which the restart backoff is reset. */
const stableAfterMs = 60_000;

/** Process that is restarted when it exits. */
export interface SupervisedProcess extends Readonly<ProcessInfo> {
  stop(): Promise<void>;
}

type Started = ProcessInfo & Pick<LocalServer, 'exited' | 'stop'>;

/** Listener for the state changes of a process. */
export interface ProcessListener {
  ended(name: string): void;
  restarted(name: string): void;
  /** Called when a restart failed; it is retried after a pause. */
  failed(name: string, error: unknown): void;
}

/**
 * Keeps a server or worker running, on the same port and data: restarts it when it exits, with
 * exponential backoff while it keeps exiting.
 */
export function superviseProcess(
  first: Started,
  start: () => Promise<Started>,
  listener: ProcessListener,
): SupervisedProcess {
  const { name, port } = first;
  const stopping = new AbortController();
  let running = first;
  const watching = watch();

  async function watch(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (;;) {
      const startedAt = performance.now();
      await running.exited;
      if (stopping.signal.aborted) return;
      listener.ended(name);
      if (performance.now() - startedAt >= stableAfterMs) pauseMs = firstPauseMs;
      pauseMs = await startAgain(pauseMs);
    }
  }

  /** @returns the pause before the next start */
  async function startAgain(firstPause: number): Promise<number> {
    for (let pauseMs = firstPause; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      await sleep(pauseMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (stopping.signal.aborted) return pauseMs;
      try {
        running = await start();
        listener.restarted(name);
        return Math.min(pauseMs * 2, maxPauseMs);
      } catch (error) {
        listener.failed(name, error);
      }
    }
  }

  return {
    name,
    port,
    get pid() {
      return running.pid;
    },
    async stop() {
      stopping.abort();
      await running.stop();
      await watching;
      // It may have been started while we asked it to stop.
      await running.stop();
    },
  };
}
