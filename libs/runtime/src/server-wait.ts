import type { Logger } from './logger.js';
import { reasonOf } from './reason.js';

/** A server that does not answer within this time is logged, even if no attempt has failed yet. */
const firstWordMs = 1_500;
const laterWordsMs = 30_000;

/** A start waits this long for a server that neither answers nor fails. */
const startMs = 3_000;

/** Wait for a server: logged soon and then now and then, with the reason of the last failure. */
export interface ServerWait {
  /** Notes the reason for which an attempt failed. */
  failed(error: unknown): void;
  /** Ends the wait: the server answers, or the service stops. */
  over(): void;
  /** Resolves when a service that can do without the server for now should go on with its start. */
  readonly settled: Promise<void>;
}

/** Servers that a service waits for, which its readiness names. */
export class ServerWaits {
  readonly #reasons = new Map<symbol, { server: string; error: unknown }>();

  constructor(private readonly log?: Pick<Logger, 'info' | 'warn'>) {}

  /** Reasons by server. */
  current(): Record<string, string> {
    return Object.fromEntries(
      [...this.#reasons.values()].map(({ server, error }) => [
        server.toLowerCase(),
        error === undefined ? 'no answer' : reasonOf(error),
      ]),
    );
  }

  begin(server: string): ServerWait {
    const key = Symbol(server);
    const began = performance.now();
    const state = { server, error: undefined as unknown };
    this.#reasons.set(key, state);
    let isLogged = false;
    const say = () => {
      isLogged = true;
      const reason = state.error === undefined ? {} : { err: state.error };
      this.log?.warn({ server, ...reason }, 'waiting for a server');
      timer = setTimeout(say, laterWordsMs).unref();
    };
    let timer = setTimeout(say, firstWordMs).unref();
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const settling = setTimeout(settle, startMs);
    return {
      settled,
      failed(error) {
        state.error = error;
        settle();
      },
      over: () => {
        clearTimeout(timer);
        clearTimeout(settling);
        settle();
        if (!this.#reasons.delete(key) || !isLogged) return;
        this.log?.info({ server, waited_ms: Math.round(performance.now() - began) }, 'server connected');
      },
    };
  }
}
