import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { problemOf, sendProblem } from '@tidewaiter/runtime';
import type { FastifyReply } from 'fastify';

const statusByCode: Readonly<Record<string, number>> = {
  BODY_UNRECOGNIZED: 422,
  BODY_TOO_DEEP: 422,
  ENCODING_UNKNOWN: 415,
  DIGEST_MISSING: 422,
  DOCUMENT_INVALID: 422,
  RUN_MISSING: 422,
  SUBJECT_MISMATCH: 422,
  TOO_MANY_DOCUMENTS: 422,
  TOO_MANY_SUBJECTS: 422,
};

/** Answers 422 for a body that is no webhook of its kind, and 400 for one that was damaged on its way. */
@Catch(InvalidInput)
export class BodyFilter implements ExceptionFilter<InvalidInput> {
  catch(error: InvalidInput, host: ArgumentsHost): void {
    const problem = problemOf(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void sendProblem(reply, { ...problem, status: statusByCode[error.code] ?? problem.status });
  }
}
