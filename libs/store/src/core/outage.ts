import { isStaleStatement } from './prepared-statements.js';

/**
 * Retryable SQLSTATEs: connection lost, shutting down, serialization failure, deadlock, a standby
 * that is no primary yet.
 */
const retryableStates = /^(08|53|57P0|40001$|40P01$|25006$)/;
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

/** Whether PostgreSQL cannot be reached, or the error is retryable. */
export function isOutage(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  const isKnownCode = typeof code === 'string' && (connectionCodes.has(code) || retryableStates.test(code));
  return isKnownCode || lostConnection.test(message) || isStaleStatement(error);
}
