import { NotYet, Unavailable } from '@tidewaiter/domain';

/** Failures in a row after which a channel is left alone for a while. */
const maxFailures = 5;
const firstRestMs = 30_000;
const longestRestMs = 600_000;
/** An answer that takes longer than this is a slow one. */
const slowMs = 2_000;
/** How long the others wait for what a probe finds, which may take as long as a call does. */
const probeMs = 10_000;
/** How many slow answers one channel may wait for: the others must not wait behind it. */
const maxSlow = 4;

interface ChannelState {
  failures: number;
  restUntilMs: number;
  /** One try tells whether the channel is back; the others wait for what it finds. */
  isProbed: boolean;
  /** When the calls began that have no answer yet. */
  pending: Map<symbol, number>;
}

/** Keeps one channel that is down or slow from holding up the others: a circuit breaker for each, and a bound on what waits. */
export class ChannelGuard {
  readonly #channels = new Map<string, ChannelState>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Runs a call to a channel.
   * @throws NotYet `CHANNEL_RESTING` or `CHANNEL_SLOW` without having called, with `retryAfterMs`
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
      // Whatever it says of the message, the channel has answered.
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
      if (waitMs > 0) throw refused('CHANNEL_RESTING', channel, waitMs);
      if (state.isProbed) throw refused('CHANNEL_RESTING', channel, probeMs);
      state.isProbed = true;
    }
    const slow = [...state.pending.values()].filter((since) => now - since > slowMs).length;
    if (slow >= maxSlow) throw refused('CHANNEL_SLOW', channel, slowMs);
  }

  #failed(state: ChannelState, askedMs = 0): void {
    const now = this.now();
    // What was under way when the rest began failed with it, and is no reason for a longer one.
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
