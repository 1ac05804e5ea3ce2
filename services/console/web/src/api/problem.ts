/** Problem that the API answers, with the code by which the documentation explains it. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    title: string,
  ) {
    super(title);
    this.name = 'ApiProblem';
  }

  static of(status: number, answer: unknown): ApiProblem {
    const { code, title } = (answer ?? {}) as { code?: unknown; title?: unknown };
    if (typeof code === 'string' && typeof title === 'string') return new ApiProblem(status, code, title);
    return new ApiProblem(status, `HTTP_${status}`, `The console answered with status ${status}`);
  }
}

export function unreachable(): ApiProblem {
  return new ApiProblem(0, 'CONSOLE_UNREACHABLE', 'The console does not answer');
}

/** Whether the session is missing or has ended. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 401;
}

/** Whether another attempt may succeed without a change of the request. */
export function isRetryable(error: unknown): boolean {
  return !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500;
}
