import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { AuditLog } from '@tidewaiter/store';
import type { FastifyRequest } from 'fastify';
import { defer, from, lastValueFrom, type Observable } from 'rxjs';

import { operationOf } from '../http/operation.js';

/** Longest body, as JSON, that an entry shows. */
const maxDetailChars = 4_000;

type CallersRequest = FastifyRequest<{ Params: Record<string, string> }> & { caller?: { name: string } };

/** Records the operations that declare an action, in the transactions of their changes. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly log: AuditLog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { action, hasSecretBody } = operationOf(context.getHandler()) ?? {};
    const { caller, params, ip, body } = context.switchToHttp().getRequest<CallersRequest>();
    if (action === undefined || !caller) return next.handle();
    const subject = Object.values(params).join('/');
    const record = { actor: caller.name, action, subject, address: ip, details: hasSecretBody ? {} : detailsOf(body) };
    return defer(() =>
      from(this.log.during(record, async () => lastValueFrom(next.handle(), { defaultValue: undefined }))),
    );
  }
}

function detailsOf(body: unknown): object {
  if (typeof body !== 'object' || body === null) return {};
  const { length } = JSON.stringify(body);
  return length <= maxDetailChars ? body : { omitted: `a body of ${length} characters` };
}
