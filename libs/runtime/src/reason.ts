/** Codes of the system, of TLS, of SQL and of this program; they hold no address and no name. */
const code = /^[A-Z0-9_]{2,60}$/;

/**
 * Reason of a failed attempt for pages without a login: the code of the innermost cause, else the
 * name of the error. Messages may hold an address or a user.
 */
export function reasonOf(error: unknown): string {
  let reason = 'failed';
  let inner = error as ErrorLike | undefined;
  for (let depth = 0; typeof inner === 'object' && inner !== null && depth < 10; depth += 1) {
    const own = codeOf(inner);
    if (own !== undefined) reason = own;
    else if (depth === 0) reason = String(inner.name);
    inner = inner.cause as ErrorLike | undefined;
  }
  return reason;
}

/** Errors of other realms are no instances of ours. */
interface ErrorLike {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  cause?: unknown;
}

function codeOf(error: ErrorLike): string | undefined {
  // Redis begins its messages with a code.
  const [word = ''] = error.name === 'ReplyError' ? String(error.message).split(' ', 1) : [];
  const found = [error.code, word].find((each) => typeof each === 'string' && code.test(each));
  if (found !== undefined) return found as string;
  // NATS numbers the errors of JetStream.
  return typeof error.code === 'number' ? `${String(error.name)} ${error.code}` : undefined;
}
