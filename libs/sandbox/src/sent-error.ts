import {
  AccessDenied,
  InvalidInput,
  LimitExceeded,
  MalformedFile,
  NotFound,
  TidewaiterError,
} from '@tidewaiter/domain';

/** Error sent by another process, where it is no longer an instance of its class. */
export interface SentError {
  kind: keyof typeof classes | 'bug';
  code: string;
  message: string;
  stack: string | undefined;
}

const classes = { AccessDenied, InvalidInput, LimitExceeded, MalformedFile, NotFound };

export function sendError(error: unknown): SentError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const kind = Object.keys(classes).find((name) => error instanceof TidewaiterError && error.name === name);
  const code = error instanceof LimitExceeded ? error.limit : error instanceof TidewaiterError ? error.code : '';
  return { kind: (kind as SentError['kind'] | undefined) ?? 'bug', code, message, stack };
}

export function receiveError({ kind, code, message, stack }: SentError): Error {
  if (kind === 'MalformedFile') return new MalformedFile(message);
  if (Object.hasOwn(classes, kind)) return new classes[kind as keyof typeof classes](code, message);
  const bug = new Error(message);
  if (stack !== undefined) bug.stack = stack;
  return bug;
}
