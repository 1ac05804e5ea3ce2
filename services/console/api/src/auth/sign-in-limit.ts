import { Injectable } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';

const windowMs = 60_000;
/** Sign-ins of one address in a minute: enough for the users behind one proxy. */
const perAddress = 30;
/** Sign-ins of all addresses in a minute, which bounds their cost. */
const overall = 600;

/** Limits attempts to sign in, in each process. */
@Injectable()
export class SignInLimit {
  #windowStartMs = 0;
  #total = 0;
  readonly #attempts = new Map<string, number>();

  /**
   * Counts an attempt.
   * @throws Unavailable `SIGN_IN_LIMITED`
   */
  take(address: string, nowMs = performance.now()): void {
    if (nowMs - this.#windowStartMs >= windowMs) {
      // A new window forgets all addresses, so that the map holds at most as many as attempts.
      this.#windowStartMs = nowMs;
      this.#total = 0;
      this.#attempts.clear();
    }
    const attempts = (this.#attempts.get(address) ?? 0) + 1;
    if (attempts > perAddress || this.#total >= overall) {
      const retryAfterMs = this.#windowStartMs + windowMs - nowMs;
      throw new Unavailable('SIGN_IN_LIMITED', 'too many attempts to sign in', { retryAfterMs });
    }
    this.#total += 1;
    this.#attempts.set(address, attempts);
  }
}
