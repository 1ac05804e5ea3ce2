import type { Logger } from './logger.js';

/** A server that does not answer within this time is logged, even if no attempt has failed yet. */
const firstWordMs = 1_500;
const laterWordsMs = 30_000;

/** Log of a wait for a server at start: what is waited for and why, soon and then now and then. */
export interface ServerWait {
  /** Notes the reason for which an attempt failed. */
  failed(error: unknown): void;
  /** Ends the wait: the server answers, or the service stops. */
  over(): void;
}

/** Starts to log that a service waits for a server. */
export function waitForServer(log: Pick<Logger, 'info' | 'warn'> | undefined, server: string): ServerWait {
  const began = performance.now();
  let reason: unknown;
  let isLogged = false;
  const say = () => {
    isLogged = true;
    log?.warn({ server, ...(reason === undefined ? {} : { err: reason }) }, 'waiting for a server');
    timer = setTimeout(say, laterWordsMs).unref();
  };
  let timer = setTimeout(say, firstWordMs).unref();
  return {
    failed: (error) => (reason = error),
    over() {
      clearTimeout(timer);
      if (isLogged) log?.info({ server, waited_ms: Math.round(performance.now() - began) }, 'server connected');
    },
  };
}
