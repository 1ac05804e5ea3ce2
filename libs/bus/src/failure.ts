import { TidewaiterError } from '@tidewaiter/domain';

/** What becomes of a message whose handler threw. */
export type Failure = { action: 'retry'; delayMs: number } | { action: 'give-up'; code: string; reason: string };

/** Pauses before the second, third, … delivery. */
const delaysMs = [1_000, 5_000, 30_000, 120_000, 600_000];
const outageDelayMs = 2_000;

/** Our own stores being away says nothing about the message: it waits, however long. */
const outages = new Set(['STORE_UNAVAILABLE', 'BUS_UNAVAILABLE']);

/** Decides about the `attempt`-th failure of a message, 1 being the first. */
export function failureOf(error: unknown, attempt: number, maxAttempts: number): Failure {
  if (error instanceof TidewaiterError) {
    if (outages.has(error.code)) return { action: 'retry', delayMs: outageDelayMs };
    if (!error.retryable) return { action: 'give-up', code: error.code, reason: error.message };
  }
  if (attempt >= maxAttempts) {
    const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
    const reason = error instanceof Error ? error.message : String(error);
    return { action: 'give-up', code, reason };
  }
  return { action: 'retry', delayMs: delaysMs[attempt - 1] ?? delaysMs.at(-1)! };
}
