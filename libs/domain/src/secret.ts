const redacted = '[redacted]';

/**
 * A value that must never reach a log, an error or a report. Every way of printing it gives
 * `[redacted]`.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the value. Call it only where the value leaves for its one destination. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  // Node's `util.inspect`, which console.log and assertion messages use.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return redacted;
  }
}
