import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { type ChannelMessage, followEvents } from './event-channel.js';
import { setLimited, setLive } from './refresh.js';
import { topicsOf } from './topics.js';

/** Events of this time are one refresh, so that a storm of events costs little. */
const gatherMs = 400;
const pauseMs = 2_000;

/** Refreshes what events make stale while the page is shown. */
export function useLiveEvents(isLimited: boolean): void {
  useEffect(() => setLimited(isLimited), [isLimited]);
  const client = useQueryClient();
  useEffect(() => {
    const refresher = new Refresher(client);
    const leave = followEvents((message) => refresher.take(message));
    return () => {
      leave();
      refresher.stop();
    };
  }, [client]);
}

class Refresher {
  readonly #stale = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastMs = 0;

  constructor(private readonly client: QueryClient) {}

  take(message: ChannelMessage): void {
    if (message.kind === 'event') this.#refresh(topicsOf(message.type, message.subject));
    // Timers of polling are set with the next answer.
    if (message.kind === 'state' && setLive(message.isLive) && !message.isLive) this.#refresh(topicsOf('reset'));
  }

  stop(): void {
    clearTimeout(this.#timer);
    setLive(false);
  }

  #refresh(topics: readonly string[]): void {
    for (const topic of topics) this.#stale.add(topic);
    const waitMs = Math.max(gatherMs, this.#lastMs + pauseMs - Date.now());
    this.#timer ??= setTimeout(() => this.#flush(), waitMs);
  }

  #flush(): void {
    this.#timer = undefined;
    this.#lastMs = Date.now();
    const topics = new Set(this.#stale);
    this.#stale.clear();
    void this.client.invalidateQueries({
      // Rows on the screen stay where they are: their newest state comes with the first page.
      predicate: ({ queryKey }) => topics.has(String(queryKey[0])) && queryKey.at(-1) !== 'pages',
    });
  }
}
