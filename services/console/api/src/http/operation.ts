import { HttpCode } from '@nestjs/common';
import type { AccessRole } from '@tidewaiter/domain';
import type { AuditAction } from '@tidewaiter/store';
import type { z } from 'zod';

/** Access to a method of the API, and its documentation in OpenAPI. */
export interface ApiOperation {
  /** Role that the caller needs; `none` needs no sign-in. */
  role: AccessRole | 'none';
  summary: string;
  /**
   * Whether callers with limits may call it. `rows`: all that it answers or changes is first read
   * within the limits. `everything`: they may not.
   */
  scope: 'rows' | 'everything';
  /** Whether it needs no caller where the settings say so: `admission.allowUnauthenticated`. */
  mayBeOpen?: boolean;
  /**
   * Action under which the audit log has the changes that the method records; undefined for a
   * method that changes nothing.
   */
  action?: AuditAction;
  /** Action that the audit log records when a sign-in is refused. */
  refusal?: AuditAction;
  /** Whether the body may hold secrets, so that the audit log does not record it. */
  hasSecretBody?: boolean;
  /** HTTP status of a success. */
  status: 200 | 202 | 204 | 302;
  answer?: z.ZodType;
  /** Media type of the answer. */
  mediaType: 'application/json' | 'text/html' | 'text/csv' | 'text/event-stream';
}

type OperationOptions<Answer> = Pick<ApiOperation, 'role' | 'summary'> &
  Partial<
    Pick<ApiOperation, 'action' | 'refusal' | 'hasSecretBody' | 'mayBeOpen' | 'scope' | 'status' | 'mediaType'>
  > & {
    answer?: Answer;
  };

/** Method whose value matches the documented answer; undefined is an answer without content. */
type Answering<Answer extends z.ZodType> = (
  ...args: never[]
) => z.output<Answer> | undefined | Promise<z.output<Answer> | undefined>;

const operationKey = Symbol('operation');

/**
 * Declares a method of the API. Its requests are described by the schemas of its parameters. A
 * method without this decorator is refused to every caller.
 */
export function Operation<Answer extends z.ZodType>(options: OperationOptions<Answer>) {
  const operation: ApiOperation = { status: 200, mediaType: 'application/json', scope: 'everything', ...options };
  return <Method extends Answering<Answer>>(
    target: object,
    key: string,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    HttpCode(operation.status)(target, key, descriptor);
    Reflect.defineMetadata(operationKey, operation, descriptor.value!);
  };
}

/** Returns the declaration of a method; undefined without one. */
export function operationOf(method: object): ApiOperation | undefined {
  return Reflect.getMetadata(operationKey, method) as ApiOperation | undefined;
}
