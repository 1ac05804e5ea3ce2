export interface ErrorOptions {
  cause?: unknown;
  /** Whether the same call may succeed later without anybody changing anything. */
  retryable?: boolean;
}

/**
 * A failure that we expect and can explain. Anything that is not one of these is a bug and is shown to users as `INTERNAL`.
 * `code` is stable: scripts and documentation refer to it.
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

/** Input that can never be accepted as it is: wrong syntax, wrong type, over a named limit. Never retried. */
export class InvalidInput extends TidewaiterError {}

/** A file in an image that claims a format and does not keep to it. Costs that file a warning, never the scan. */
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

/** Something outside did not answer as it should; the same call may work later. */
export class Unavailable extends TidewaiterError {
  /** When the other side asked us to come back, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(code, message, { retryable: true, ...options });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Nothing was tried, since it is not time yet. What was to be done is put back, and that is no failed try of it. */
export class NotYet extends Unavailable {}

/** The other side says that we may not. Asking again will not help until a person changes the credentials. */
export class AccessDenied extends TidewaiterError {}

/** What we were asked to look at is not there (any more). */
export class NotFound extends TidewaiterError {}
