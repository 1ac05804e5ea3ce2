import { setTimeout as sleep } from 'node:timers/promises';

import type { LocalServer } from './server-process.js';

const firstPauseMs = 500;
const maxPauseMs = 30_000;
/** Uptime after which the restart backoff is reset. */
const stableAfterMs = 60_000;

/** Server that is restarted when it exits. */
export interface SupervisedServer extends Pick<LocalServer, 'name' | 'url' | 'port' | 'stop'> {
  /** PID of the running process, or of the last one. */
  readonly pid: number;
}

/** Listener for the state changes of a server. */
export interface ServerListener {
  ended(name: string): void;
  restarted(name: string): void;
  /** Called when a restart failed; it is retried after a pause. */
  failed(name: string, error: unknown): void;
}

/**
 * Keeps a server running on the same port and data: restarts it when it exits, with exponential
 * backoff while it keeps exiting.
 */
export function superviseServer(
  first: LocalServer,
  start: () => Promise<LocalServer>,
  listener: ServerListener,
): SupervisedServer {
  const { name, url, port } = first;
  const stopping = new AbortController();
  let server = first;
  const watching = watch();

  async function watch(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (;;) {
      const startedAt = performance.now();
      await server.exited;
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
        server = await start();
        listener.restarted(name);
        return Math.min(pauseMs * 2, maxPauseMs);
      } catch (error) {
        listener.failed(name, error);
      }
    }
  }

  return {
    name,
    url,
    port,
    get pid() {
      return server.pid;
    },
    async stop() {
      stopping.abort();
      await server.stop();
      await watching;
      // It may have been started while we asked it to stop.
      await server.stop();
    },
  };
}
