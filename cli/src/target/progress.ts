import { environment } from '../context.js';
import { fit } from '../terminal.js';

const intervalMs = 100;

/** How far a scan is, on a terminal; nothing anywhere else. */
export class ScanProgress {
  #bytes = 0;
  #layers = 0;
  #shownAt = 0;
  readonly #isShown: boolean;

  constructor(
    private readonly reference: string,
    private readonly layerCount: number,
    isQuiet: boolean,
  ) {
    this.#isShown = !isQuiet && process.stderr.isTTY && environment['TERM'] !== 'dumb' && !environment['CI'];
  }

  /** Passes a blob on and counts it. */
  async *counted(blob: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of blob) {
      this.#bytes += chunk.length;
      this.#show();
      yield chunk;
    }
  }

  layerDone(): void {
    this.#layers += 1;
    this.#show();
  }

  end(): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
  }

  #show(): void {
    const now = performance.now();
    if (!this.#isShown || now - this.#shownAt < intervalMs) return;
    this.#shownAt = now;
    const megabytes = (this.#bytes / 1_000_000).toFixed(1);
    const line = `${this.reference}  ${this.#layers}/${this.layerCount} layers  ${megabytes} MB`;
    process.stderr.write(`\r${fit(line, process.stderr)}\x1b[K`);
  }
}
