import type { Logger } from './logger.js';

/** A server that does not answer within this time is logged, even if no attempt has failed yet. */
const firstWordMs = 1_500;
const laterWordsMs = 30_000;

/** A start waits this long for a server that neither answers nor fails. */
const startMs = 3_000;

/** Log of a wait for a server at start: what is waited for and why, soon and then now and then. */
export interface ServerWait {
  /** Notes the reason for which an attempt failed. */
  failed(error: unknown): void;
  /** Ends the wait: the server answers, or the service stops. */
  over(): void;
  /** Resolves when a service that can do without the server for now should go on with its start. */
  readonly settled: Promise<void>;
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
  const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
  const settling = setTimeout(settle, startMs);
  return {
    settled,
    failed(error) {
      reason = error;
      settle();
    },
    over() {
      clearTimeout(timer);
      clearTimeout(settling);
      settle();
      if (isLogged) log?.info({ server, waited_ms: Math.round(performance.now() - began) }, 'server connected');
    },
  };
}
