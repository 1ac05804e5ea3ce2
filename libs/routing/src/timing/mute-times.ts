import type { RoutingConfig } from '../config/routing.js';
import { isMuted, routeAt } from '../matching/route.js';

const minuteMs = 60_000;
/** A route that is muted for this long is not checked further. */
const longestMs = 32 * 86_400_000;

/**
 * End of the mute times of routes: each minute is evaluated once, whatever number of messages wait.
 */
export class MuteTimes {
  readonly #untilMs = new Map<string, number>();

  constructor(
    private readonly config: RoutingConfig,
    /** Called for each evaluated minute. */
    private readonly step: () => void,
  ) {}

  /** By the path of the route. */
  isMuted(path: string, nowMs: number): boolean {
    const route = routeAt(this.config, path);
    return route !== null && isMuted(route, nowMs);
  }

  /** Milliseconds until a muted route sends again. */
  endsInMs(path: string, nowMs: number): number {
    const known = this.#untilMs.get(path) ?? 0;
    const untilMs = known > nowMs ? known : this.#look(path, nowMs);
    this.#untilMs.set(path, untilMs);
    return untilMs - nowMs;
  }

  #look(path: string, nowMs: number): number {
    const first = Math.ceil((nowMs + 1) / minuteMs) * minuteMs;
    const route = routeAt(this.config, path);
    if (route === null) return first;
    for (let atMs = first; atMs < nowMs + longestMs; atMs += minuteMs) {
      if (!isMuted(route, atMs)) return atMs;
      this.step();
    }
    return nowMs + longestMs;
  }
}
