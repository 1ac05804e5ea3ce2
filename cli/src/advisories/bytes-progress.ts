import { environment } from '../context.js';
import { fit } from '../terminal.js';

const intervalMs = 100;

/** Shows the bytes of a transfer on a terminal. */
export function bytesShown(isQuiet: boolean): { show(bytes: number, totalBytes: number): void; end(): void } {
  const isShown = !isQuiet && process.stderr.isTTY && environment['TERM'] !== 'dumb';
  let shownAt = 0;
  return {
    show(bytes, totalBytes) {
      const now = performance.now();
      if (!isShown || now - shownAt < intervalMs) return;
      shownAt = now;
      const line = `${(bytes / 1e6).toFixed(1)} of ${(totalBytes / 1e6).toFixed(1)} MB`;
      process.stderr.write(`\r${fit(line, process.stderr)}\x1b[K`);
    },
    end() {
      if (isShown) process.stderr.write('\r\x1b[K');
    },
  };
}
