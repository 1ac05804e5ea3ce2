import { TidewaiterError } from '@tidewaiter/domain';
import { redactedReason } from '@tidewaiter/secrets';

/** Decision about a message whose handler threw: retry after a delay, or dead-letter. */
export type Failure = { action: 'retry'; delayMs: number } | { action: 'give-up'; code: string; reason: string };

/** Pauses before the second, third, … delivery. */
const delaysMs = [1_000, 5_000, 30_000, 120_000, 600_000];

const outages = new Set(['STORE_UNAVAILABLE', 'BUS_UNAVAILABLE']);

/**
 * Whether our own store or bus is down, which is no fault of the message: it waits for any length
 * of outage.
 */
export function isOutage(error: unknown): boolean {
  return error instanceof TidewaiterError && outages.has(error.code);
}

/** Decides about the `attempt`-th failure of a message, 1 being the first. */
export function failureOf(error: unknown, attempt: number, maxAttempts: number): Failure {
  // An outage gets here only if this process cannot wait it out; another process may retry at once.
  if (isOutage(error)) return { action: 'retry', delayMs: 0 };
  const isFinal = error instanceof TidewaiterError && !error.retryable;
  if (!isFinal && attempt < maxAttempts) return { action: 'retry', delayMs: delaysMs[attempt - 1] ?? delaysMs.at(-1)! };
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  return { action: 'give-up', code, reason: redactedReason(error) };
}
