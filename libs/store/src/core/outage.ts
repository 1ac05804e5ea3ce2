import { isStaleStatement } from './prepared-statements.js';

/**
 * Retryable SQLSTATEs: connection lost, no resources, trouble with files, shutting down,
 * serialization failure, deadlock, a standby that is no primary yet.
 */
const retryableStates = /^(08|53|58|57P0|40001$|40P01$|25006$)/;
/**
 * SQLSTATE of errors that PostgreSQL does not classify. One that ended the session is about the
 * server, such as `could not write init file` on a full disk.
 */
const internalError = 'XX000';
const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

/** Messages of connection errors to which pg gives no code. */
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (was closed|has encountered a connection error))/;

/**
 * SQLSTATEs of statements that were canceled, at their time limit or by an operator, or waited too
 * long for a lock.
 */
const canceledStates: ReadonlySet<unknown> = new Set(['57014', '55P03']);

/**
 * Whether PostgreSQL took too long. That says nothing about what was to be stored, except where it
 * happens each time.
 */
export function isTimeout(error: unknown): boolean {
  return canceledStates.has((error as { code?: unknown }).code);
}

/** System calls that only make connections. They also fail for too few files or ports. */
const connecting: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);

/** Properties of errors of PostgreSQL, its driver and Node. */
interface Faults {
  code?: unknown;
  message?: string;
  severity?: unknown;
  syscall?: unknown;
}

/** Whether PostgreSQL cannot be reached, or the error is retryable. */
export function isOutage(error: unknown): boolean {
  const { code, message = '', severity, syscall } = error as Faults;
  if (connecting.has(syscall)) return true;
  const isKnownCode = typeof code === 'string' && (connectionCodes.has(code) || retryableStates.test(code));
  const hasEndedSession = code === internalError && (severity === 'FATAL' || severity === 'PANIC');
  return isKnownCode || hasEndedSession || lostConnection.test(message) || isStaleStatement(error);
}
