import { TidewaiterError } from '@tidewaiter/domain';
import { redactedReason } from '@tidewaiter/secrets';

/** What becomes of a message whose handler threw. */
export type Failure = { action: 'retry'; delayMs: number } | { action: 'give-up'; code: string; reason: string };

/** Pauses before the second, third, … delivery. */
const delaysMs = [1_000, 5_000, 30_000, 120_000, 600_000];

const outages = new Set(['STORE_UNAVAILABLE', 'BUS_UNAVAILABLE']);

/** Whether an error says nothing about the message: one of our own stores is away. Such a message waits, however long. */
export function isOutage(error: unknown): boolean {
  return error instanceof TidewaiterError && outages.has(error.code);
}

/** Decides about the `attempt`-th failure of a message, 1 being the first. */
export function failureOf(error: unknown, attempt: number, maxAttempts: number): Failure {
  // We are asked only when we cannot wait for the end of the outage ourselves; another process may do so at once.
  if (isOutage(error)) return { action: 'retry', delayMs: 0 };
  const isFinal = error instanceof TidewaiterError && !error.retryable;
  if (!isFinal && attempt < maxAttempts) return { action: 'retry', delayMs: delaysMs[attempt - 1] ?? delaysMs.at(-1)! };
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  return { action: 'give-up', code, reason: redactedReason(error) };
}
