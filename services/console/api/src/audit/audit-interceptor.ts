import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { AccessDenied } from '@tidewaiter/domain';
import { AuditLog } from '@tidewaiter/store';
import { defer, from, lastValueFrom, type Observable } from 'rxjs';

import type { CallersRequest } from '../auth/access-guard.js';
import { operationOf } from '../http/operation.js';
import { RefusedSignIns } from './refused-sign-ins.js';

/** Longest body, as JSON, that an entry shows. */
const maxRequestChars = 4_000;

/**
 * Records the changes of operations that declare an action, in the transactions of the changes, and
 * refused sign-ins.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly log: AuditLog,
    private readonly refused: RefusedSignIns,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { action, refusal, hasSecretBody } = operationOf(context.getHandler()) ?? {};
    if (action === undefined) return next.handle();
    const http = context.switchToHttp().getRequest<CallersRequest>();
    const { caller, ip, body } = http;
    // A sign-in has no caller yet: the change names it.
    const actor = caller?.name ?? 'anonymous';
    const act = { actor, action, address: ip, request: hasSecretBody ? {} : requestOf(body) };
    const handle = async (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    return defer(() =>
      from(
        this.log.during(act, handle).catch(async (error: unknown) => {
          if (refusal !== undefined && error instanceof AccessDenied) await this.refused.add(http, refusal, error);
          throw error;
        }),
      ),
    );
  }
}

function requestOf(body: unknown): object {
  if (typeof body !== 'object' || body === null) return {};
  const { length } = JSON.stringify(body);
  return length <= maxRequestChars ? body : { omitted: `a body of ${length} characters` };
}
