import { Unavailable } from '@tidewaiter/domain';

const retryAfterMs = 2_000;

/** Limit on the bytes of requests in memory; requests above it are asked to retry later. */
export class InFlightBytes {
  #held = 0;

  constructor(private readonly maxBytes: number) {}

  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Reserves bytes until the returned function is called, which may be called more than once. A
   * single request always fits. @throws Unavailable `INTAKE_BUSY`
   */
  take(bytes: number): () => void {
    if (this.#held > 0 && this.#held + bytes > this.maxBytes) {
      throw new Unavailable('INTAKE_BUSY', 'too many bytes in flight', { retryAfterMs });
    }
    this.#held += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#held -= bytes;
      isHeld = false;
    };
  }
}
