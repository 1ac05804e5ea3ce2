import { AccessDenied, TidewaiterError } from '@tidewaiter/domain';

/**
 * Whether an error says that the image itself cannot be analysed, now or later. Being locked out is no such thing: the
 * credentials can be mended, and then the push is tried again.
 */
export function isRefusal(error: unknown): error is TidewaiterError {
  return error instanceof TidewaiterError && !error.retryable && !(error instanceof AccessDenied);
}
