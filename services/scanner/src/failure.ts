import { LimitExceeded, TidewaiterError } from '@tidewaiter/domain';
import { redactedReason } from '@tidewaiter/secrets';
import type { LayerFailure } from '@tidewaiter/store';

/**
 * Codes of errors of the connection to the registry: its address, certificate, credentials, and its
 * settings in tidewaiter.yaml.
 */
const aboutTheWay = /^(EGRESS|REGISTRY)_/;

/**
 * Whether an error means that the image itself can never be analyzed. A failing connection to the
 * registry is no such error: it can be repaired, and then the push is retried.
 */
export function isRefusal(error: unknown): error is TidewaiterError {
  return error instanceof TidewaiterError && !error.retryable && !aboutTheWay.test(error.code);
}

/** Reason why a layer could not be read, as stored and displayed. */
export function failureOf(error: unknown): LayerFailure {
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  return { code, limit: error instanceof LimitExceeded ? error.limit : null, reason: redactedReason(error) };
}
