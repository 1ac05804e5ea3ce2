import { Unavailable } from '@tidewaiter/domain';

const retryAfterMs = 2_000;

/** Bytes that requests hold at the moment: what comes above is asked to come later, so that no flood becomes memory. */
export class InFlightBytes {
  #held = 0;

  constructor(private readonly maxBytes: number) {}

  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Takes room until the answered function is called, which may be called more than once. Where nothing else is held there is
   * always room. @throws Unavailable `INTAKE_BUSY`
   */
  take(bytes: number): () => void {
    if (this.#held > 0 && this.#held + bytes > this.maxBytes) {
      throw new Unavailable('INTAKE_BUSY', 'too much is on its way in', { retryAfterMs });
    }
    this.#held += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#held -= bytes;
      isHeld = false;
    };
  }
}
