import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessDenied, includesRole } from '@tidewaiter/domain';
import { HealthController, TidewaiterSettings } from '@tidewaiter/runtime';
import { type ApiToken, ApiTokens } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { AdmissionController } from '../admission/admission.controller.js';
import { operationOf } from '../http/operation.js';

export const sessionCookieName = 'tidewaiter_session';
const csrfHeader = 'x-tidewaiter-csrf';

const cookiePattern = /(?:^|; ?)tidewaiter_session=([A-Za-z0-9_-]{1,64})(?:;|$)/;

type CallersRequest = FastifyRequest & { caller?: ApiToken };

/** Requires an API token with the role that the method declares, in the `Authorization` header or the session cookie. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    private readonly tokens: ApiTokens,
    private readonly settings: TidewaiterSettings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = operationOf(context.getHandler());
    if (operation?.role === 'none' || this.#isOpen(context.getClass())) return true;
    void context.switchToHttp().getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
    const request = context.switchToHttp().getRequest<CallersRequest>();
    const caller = await verifiedToken(this.tokens, tokenOf(request));
    if (!operation) throw new AccessDenied('ROLE_MISSING', 'this method declares no role, so none suffices');
    if (!includesRole(caller.role, operation.role)) {
      throw new AccessDenied('ROLE_MISSING', `this needs the role ${operation.role}, and yours is ${caller.role}`);
    }
    request.caller = caller;
    return true;
  }

  /** Health pages need no token; Kubernetes needs none where the settings say so. */
  #isOpen(controller: unknown): boolean {
    if (controller === HealthController) return true;
    return controller === AdmissionController && this.settings.admission.allowUnauthenticated;
  }
}

/** @throws AccessDenied `TOKEN_INVALID` */
export async function verifiedToken(tokens: ApiTokens, token: string): Promise<ApiToken> {
  const known = await tokens.verify(token);
  if (!known) throw new AccessDenied('TOKEN_INVALID', 'the API token is unknown, expired or revoked');
  return known;
}

/** Parameter decorator for the token of the caller. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<CallersRequest>().caller;
});

function tokenOf({ method, headers }: FastifyRequest): string {
  if (headers.authorization !== undefined) return headers.authorization.replace(/^Bearer /i, '');
  const token = cookiePattern.exec(headers.cookie ?? '')?.[1];
  if (token === undefined) throw new AccessDenied('TOKEN_MISSING', 'send `Authorization: Bearer <API token>`');
  // Browsers send cookies automatically, but no other site can make them add this header.
  if (method !== 'GET' && method !== 'HEAD' && headers[csrfHeader] !== '1') {
    throw new AccessDenied('CSRF_HEADER_MISSING', `a change by session cookie needs the header ${csrfHeader}: 1`);
  }
  return token;
}
