/**
 * Problem in the input: a part could not be read or is malformed; the rest of the result is valid.
 */
export interface Warning {
  /** Stable, for scripts. */
  code: string;
  /** File of the problem; null if the problem concerns the whole input. */
  path: string | null;
  message: string;
}

const maxWarnings = 1_000;

/**
 * Collects warnings about hostile input in bounded memory: warnings above the limit are only
 * counted.
 */
export class WarningList {
  readonly #kept: Warning[] = [];
  #dropped = 0;

  add(code: string, path: string | null, message: string): void {
    if (this.#kept.length < maxWarnings) this.#kept.push({ code, path, message });
    else this.#dropped += 1;
  }

  toArray(): Warning[] {
    if (this.#dropped === 0) return [...this.#kept];
    return [...this.#kept, { code: 'MORE_WARNINGS', path: null, message: `${this.#dropped} more warnings` }];
  }
}
