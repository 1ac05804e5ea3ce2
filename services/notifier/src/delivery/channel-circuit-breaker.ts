import { NotYet, Unavailable } from '@tidewaiter/domain';

/** Consecutive failures that open the circuit breaker of a channel. */
const maxFailures = 5;
const firstRestMs = 30_000;
const longestRestMs = 600_000;
/** Time after which a pending answer counts as slow. */
const slowMs = 2_000;
/** Retry delay of other messages while a probe runs; a probe may take as long as any call. */
const probeMs = 10_000;
/** Limit on the slow calls of one channel, so that other channels do not wait behind it. */
const maxSlow = 4;

interface ChannelState {
  failures: number;
  restUntilMs: number;
  /** Whether a probe call is running; the other messages wait for its result. */
  isProbed: boolean;
  /** Start times of the calls without an answer so far. */
  pending: Map<symbol, number>;
}

/**
 * Circuit breaker of each channel, with a limit on its slow calls: a channel that is down or slow
 * must not hold up the others.
 */
export class ChannelCircuitBreaker {
  readonly #channels = new Map<string, ChannelState>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Runs a call to a channel.
   * @throws NotYet `CHANNEL_CIRCUIT_OPEN` or `CHANNEL_SLOW` without having called, with
   * `retryAfterMs`
   */
  async run<T>(channel: string, call: () => Promise<T>): Promise<T> {
    const state = this.#state(channel);
    this.#admit(channel, state);
    const key = Symbol(channel);
    state.pending.set(key, this.now());
    try {
      const result = await call();
      Object.assign(state, { failures: 0, restUntilMs: 0 });
      return result;
    } catch (error) {
      if (error instanceof Unavailable) this.#failed(state, error.retryAfterMs);
      // Any other error is an answer of the channel, so the channel works.
      else state.failures = 0;
      throw error;
    } finally {
      state.pending.delete(key);
      state.isProbed = false;
    }
  }

  #admit(channel: string, state: ChannelState): void {
    const now = this.now();
    if (state.failures >= maxFailures) {
      const waitMs = Math.max(state.restUntilMs - now, 0);
      if (waitMs > 0) throw refused('CHANNEL_CIRCUIT_OPEN', channel, waitMs);
      if (state.isProbed) throw refused('CHANNEL_CIRCUIT_OPEN', channel, probeMs);
      state.isProbed = true;
    }
    const slow = [...state.pending.values()].filter((since) => now - since > slowMs).length;
    if (slow >= maxSlow) throw refused('CHANNEL_SLOW', channel, slowMs);
  }

  #failed(state: ChannelState, askedMs = 0): void {
    const now = this.now();
    // A call that was in flight when the circuit opened does not extend the pause.
    if (now < state.restUntilMs) {
      state.restUntilMs = Math.max(state.restUntilMs, now + askedMs);
      return;
    }
    state.failures += 1;
    if (state.failures < maxFailures) return;
    const restMs = Math.min(firstRestMs * 2 ** (state.failures - maxFailures), longestRestMs);
    state.restUntilMs = now + Math.max(restMs, askedMs);
  }

  #state(channel: string): ChannelState {
    const known = this.#channels.get(channel);
    if (known) return known;
    const state: ChannelState = { failures: 0, restUntilMs: 0, isProbed: false, pending: new Map() };
    this.#channels.set(channel, state);
    return state;
  }
}

function refused(code: string, channel: string, retryAfterMs: number): NotYet {
  const why = code === 'CHANNEL_SLOW' ? 'answers slowly' : 'does not answer';
  return new NotYet(code, `${channel} ${why}, and is left alone for a moment`, { retryAfterMs });
}
