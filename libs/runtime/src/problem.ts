import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import {
  AccessDenied,
  codeEntry,
  InvalidInput,
  LimitExceeded,
  NotFound,
  TidewaiterError,
  Unavailable,
} from '@tidewaiter/domain';
import { redactedReason } from '@tidewaiter/secrets';
import type { FastifyReply } from 'fastify';

import { Logger } from './logger.js';

/** An error answer. @see https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  status: number;
  /** Stable; scripts and documentation refer to it. */
  code: string;
  title: string;
  detail?: string;
  retryAfterSeconds?: number;
}

/**
 * Maps an error to the problem that the caller gets. An unexpected error is `INTERNAL`, without any
 * detail.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof TidewaiterError) {
    const status = codeEntry(error.code)?.status ?? statusOfClass(error);
    const retryAfterSeconds =
      error instanceof Unavailable ? Math.ceil((error.retryAfterMs ?? 1_000) / 1_000) : undefined;
    return { status, code: error.code, title: redactedReason(error), retryAfterSeconds };
  }
  if (error instanceof HttpException)
    return { status: error.getStatus(), code: httpCode(error.getStatus()), title: redactedReason(error) };
  const fastifyStatus = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof fastifyStatus === 'number' && fastifyStatus >= 400 && fastifyStatus < 500) {
    return {
      status: fastifyStatus,
      code: httpCode(fastifyStatus),
      title: error instanceof Error ? redactedReason(error) : 'bad request',
    };
  }
  return { status: 500, code: 'INTERNAL', title: 'Internal error' };
}

function statusOfClass(error: TidewaiterError): number {
  if (error instanceof NotFound) return 404;
  if (error instanceof AccessDenied) return 403;
  if (error instanceof Unavailable) return 503;
  if (error instanceof LimitExceeded) return 413;
  if (error instanceof InvalidInput) return 400;
  return 500;
}

function httpCode(status: number): string {
  const known: Record<number, string> = {
    401: 'UNAUTHORIZED',
    403: 'FORBIDDEN',
    404: 'NOT_FOUND',
    405: 'METHOD_NOT_ALLOWED',
    413: 'BODY_TOO_LARGE',
    415: 'UNSUPPORTED_MEDIA_TYPE',
    422: 'UNPROCESSABLE',
    429: 'RATE_LIMITED',
  };
  return known[status] ?? 'BAD_REQUEST';
}

/** Writes a problem as `application/problem+json`. */
export function sendProblem(reply: FastifyReply, { retryAfterSeconds, ...problem }: Problem): FastifyReply {
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds);
  return reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', ...problem }));
}

/** Turns every error of an HTTP handler into a problem; bugs are logged in full. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = problemOf(error);
    if (problem.code === 'INTERNAL') this.logger.error({ err: error }, 'request failed');
    void sendProblem(host.switchToHttp().getResponse<FastifyReply>(), problem);
  }
}
