import type { LoggerService } from '@nestjs/common';
import { isSpanContextValid, trace } from '@opentelemetry/api';
import { TidewaiterError } from '@tidewaiter/domain';
import { redactedReason, redactSecrets } from '@tidewaiter/secrets';
import { pino } from 'pino';

type Fields = Record<string, unknown>;

const maxMessageCharacters = 1_000;
const maxStackCharacters = 4_000;
/** Names of fields that are redacted in logs, at the top or one level down. */
const secretNames = ['password', 'token', 'secret', 'authorization', 'headers'];

/**
 * Structured logs: constant messages in one grammar (`scan start`, `scan done`, `delivery failed`),
 * data in fields. An abstract class, so that it can be injected by its type.
 */
export abstract class Logger {
  abstract debug(fields: Fields, message: string): void;
  abstract info(fields: Fields, message: string): void;
  abstract warn(fields: Fields, message: string): void;
  abstract error(fields: Fields, message: string): void;
  abstract child(fields: Fields): Logger;
}

/** A logger that writes JSON lines to standard output, each with the trace it belongs to. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: errorFields },
    // A second net: secrets are values of a type that prints as `[redacted]`.
    redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    mixin: () => {
      const span = trace.getActiveSpan()?.spanContext();
      return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  });
}

/**
 * Fields of an error that may be logged. Libraries attach whole statements with their values to
 * their errors. An error of ours has its code and message; a stack shows where an unexpected one
 * came from.
 */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: redactedReason(error) };
  const { name, message, stack, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    type: name,
    ...(typeof code === 'string' ? { code } : {}),
    message: redactSecrets(message).slice(0, maxMessageCharacters),
    ...(stack !== undefined && !(error instanceof TidewaiterError)
      ? { stack: redactSecrets(stack).slice(0, maxStackCharacters) }
      : {}),
    ...(cause === undefined ? {} : { cause: errorFields(cause).message }),
  };
}

/** Adapter for Nest's own log; its messages about modules and routes are logged at debug. */
export function nestLogger(logger: Logger): LoggerService {
  const write =
    (level: 'debug' | 'warn' | 'error') =>
    (message: unknown, ...rest: unknown[]) =>
      logger[level](
        { context: rest.at(-1), detail: message instanceof Error ? errorFields(message) : message },
        'framework',
      );
  return {
    log: write('debug'),
    debug: write('debug'),
    verbose: write('debug'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('error'),
  };
}
