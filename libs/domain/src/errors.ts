export interface ErrorOptions {
  cause?: unknown;
  /** Whether the same call may succeed later without a change by an operator. */
  retryable?: boolean;
}

/**
 * Expected failure with an explanation. Any other error is a bug and is shown to users as
 * `INTERNAL`. `code` is stable: scripts and documentation refer to it.
 */
export class TidewaiterError extends Error {
  readonly retryable: boolean;

  constructor(
    readonly code: string,
    message: string,
    { cause, retryable = false }: ErrorOptions = {},
  ) {
    super(message, { cause });
    this.name = new.target.name;
    this.retryable = retryable;
  }
}

/**
 * Input that can never be accepted as it is: wrong syntax, wrong type, over a named limit. Never
 * retried.
 */
export class InvalidInput extends TidewaiterError {}

/**
 * A file in an image that claims a format and violates it. Costs that file a warning, never the
 * scan.
 */
export class MalformedFile extends TidewaiterError {
  constructor(message: string, options?: ErrorOptions) {
    super('MALFORMED_FILE', message, options);
  }
}

/** A named limit was reached while reading hostile input. `limit` is the limit's name. */
export class LimitExceeded extends TidewaiterError {
  constructor(
    readonly limit: string,
    message: string,
  ) {
    super('LIMIT_EXCEEDED', message);
  }
}

/** An external system did not answer as it should; the same call may work later. */
export class Unavailable extends TidewaiterError {
  /** Delay before the next try that the other side requests, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(code, message, { retryable: true, ...options });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Too early, so no attempt was made. The job is requeued without counting an attempt. */
export class NotYet extends Unavailable {}

/**
 * The other side denies access. A retry will not help until an operator changes the credentials.
 */
export class AccessDenied extends TidewaiterError {}

/** The requested object does not exist (any more). */
export class NotFound extends TidewaiterError {}
