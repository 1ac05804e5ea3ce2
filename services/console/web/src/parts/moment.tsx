import { useSyncExternalStore } from 'react';

import { absoluteTime, relativeTime } from './relative-time.js';

const tickMs = 10_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all relative times on the screen. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Relative time with the absolute one on hover; `isAbsolute` shows both. */
export function Moment({ at, isAbsolute = false }: { at: string; isAbsolute?: boolean }) {
  const clock = useSyncExternalStore(subscribe, () => now);
  const ahead = (Date.parse(at) || 0) - clock;
  // A new row may be younger than the last tick.
  const relative = relativeTime(at, ahead > 0 && ahead <= tickMs ? clock + ahead : clock);
  const absolute = absoluteTime(at);
  const time = new Date(at);
  return (
    <time dateTime={Number.isNaN(time.getTime()) ? undefined : time.toISOString()} title={absolute}>
      {isAbsolute ? `${absolute} (${relative})` : relative}
    </time>
  );
}
