import { setTimeout as sleep } from 'node:timers/promises';

import { Unavailable } from '@tidewaiter/domain';

import { type Server, streamApi } from '../server.js';

/** Time in which events are gathered before a list is read again. */
const settleMs = 1_000;
/** Lists also change without an event: an exception ends. */
const lookMs = 30_000;
const reconnectMs = 2_000;

/**
 * Yields whenever a list of a platform may have changed, without an end: by the events of the
 * platform, and by time where it sends none or is away.
 * @throws AccessDenied when the platform no longer accepts the token
 */
export async function* changesOf(server: Server): AsyncGenerator<void> {
  const stop = new AbortController();
  let change = Promise.withResolvers<undefined>();
  const notify = () => change.resolve(undefined);
  const ended = follow(server, notify, stop.signal).catch((error: unknown) => ({ error }));
  try {
    for (;;) {
      // The stream keeps the process alive; a timer must not once the stream has ended.
      const end = await Promise.race([change.promise, ended, sleep(lookMs, undefined, { ref: false })]);
      if (end) throw end.error;
      await sleep(settleMs);
      change = Promise.withResolvers();
      yield;
    }
  } finally {
    stop.abort();
  }
}

/** Connects again whenever the stream ends; what happened meanwhile counts as a change. */
async function follow(server: Server, notify: () => void, signal: AbortSignal): Promise<never> {
  for (;;) {
    try {
      for await (const text of await streamApi('stream', server, signal)) if (/^(?:data|event):/m.test(text)) notify();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
    await sleep(reconnectMs, undefined, { signal });
    notify();
  }
}
