import type { FeedResult, ReadingListener } from '@tidewaiter/advisory-sync';
import { printable, TidewaiterError } from '@tidewaiter/domain';

import { environment, printStderr } from '../context.js';
import { count, fit } from '../terminal.js';

const maxNamedRejects = 10;
const intervalMs = 100;

/**
 * Prints how reading goes: progress on a terminal, results and failures everywhere. A failure sets
 * the exit code.
 */
export class ReadingProgress implements ReadingListener {
  /** Names of the sources that could not be read. */
  readonly failures: string[] = [];
  #rejects = 0;
  #shownAt = 0;
  readonly #isShown: boolean;

  constructor(private readonly isQuiet: boolean) {
    this.#isShown = !isQuiet && process.stderr.isTTY && environment['TERM'] !== 'dumb';
  }

  downloading(name: string, bytes: number, totalBytes: number | null): void {
    const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`;
    this.#show(`${printable(name)}  ${megabytes(bytes)}${total} MB`);
  }

  reading(name: string, records: number): void {
    this.#show(`${printable(name)}  ${count(records)} records`);
  }

  rejected(name: string, reason: string): void {
    this.#rejects += 1;
    if (this.#rejects <= maxNamedRejects) this.#printStderr(`rejected ${printable(name)}: ${printable(reason)}`);
  }

  keptDeleted(name: string, gone: number, all: number): void {
    const numbers = `${count(gone)} of ${count(all)} records are not in it any more`;
    this.#printStderr(
      `${printable(name)}: ${numbers}, which is too many to believe; they are kept without --accept-removals`,
    );
  }

  done(result: FeedResult): void {
    this.#rejects = 0;
    if (!this.isQuiet) this.#printStderr(summary(result));
  }

  failed(name: string, error: unknown): void {
    this.#rejects = 0;
    const reason = error instanceof TidewaiterError ? `${error.message} [${error.code}]` : String(error);
    this.#printStderr(`${printable(name)}: ${printable(reason)}`);
    this.failures.push(name);
    process.exitCode = 2;
  }

  #printStderr(line: string): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
    printStderr(line);
  }

  #show(line: string): void {
    const now = performance.now();
    if (!this.#isShown || now - this.#shownAt < intervalMs) return;
    this.#shownAt = now;
    process.stderr.write(`\r${fit(line, process.stderr)}\x1b[K`);
  }
}

function summary({ name, state, records, changed, rejected, gone, incomplete, seconds }: FeedResult): string {
  if (state === 'unchanged') return `${printable(name)}: unchanged, ${count(records)} records`;
  const counts = [
    `${count(changed)} changed`,
    ...(gone > 0 ? [`${count(gone)} gone`] : []),
    `${count(rejected)} rejected`,
  ];
  const parts = incomplete > 0 ? `; ${count(incomplete)} have parts that cannot be read` : '';
  const what = `imported ${count(records)} records from ${printable(name)}`;
  return `${what} (${counts.join(', ')}) in ${seconds.toFixed(1)} s${parts}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
