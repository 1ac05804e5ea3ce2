import { LimitExceeded, TidewaiterError } from '@tidewaiter/domain';
import { redactedReason } from '@tidewaiter/secrets';
import type { LayerFailure } from '@tidewaiter/store';

/** Codes that are about the way to the registry: its address, certificate, credentials, and what tidewaiter.yaml says of them. */
const aboutTheWay = /^(EGRESS|REGISTRY)_/;

/**
 * Whether an error says that the image itself cannot be analysed, now or later. That the way to it is closed is no such thing:
 * it can be mended, and then the push is tried again.
 */
export function isRefusal(error: unknown): error is TidewaiterError {
  return error instanceof TidewaiterError && !error.retryable && !aboutTheWay.test(error.code);
}

/** Why a layer could not be read, as it is kept and shown. */
export function failureOf(error: unknown): LayerFailure {
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  return { code, limit: error instanceof LimitExceeded ? error.limit : null, reason: redactedReason(error) };
}
