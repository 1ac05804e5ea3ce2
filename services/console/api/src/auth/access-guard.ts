import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessDenied, includesRole } from '@tidewaiter/domain';
import { HealthController, TidewaiterSettings } from '@tidewaiter/runtime';
import { type ApiCaller, type ApiToken, ApiTokens, Sessions, sessionSecretOf } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { type ApiOperation, operationOf } from '../http/operation.js';
import { SessionCookie } from '../session/session-cookie.js';

const csrfHeader = 'x-tidewaiter-csrf';

export type CallersRequest = FastifyRequest & { caller?: ApiCaller };

/** Requires a caller with the role of the method, by a token in the header or a session cookie. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly tokens: ApiTokens,
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
    private readonly settings: TidewaiterSettings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const operation = operationOf(context.getHandler());
    if (operation?.role === 'none' || this.#isOpen(context.getClass(), operation)) return true;
    void context.switchToHttp().getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
    const request = context.switchToHttp().getRequest<CallersRequest>();
    const caller = await this.#callerOf(request);
    requireAccess(operation, caller);
    request.caller = caller;
    return true;
  }

  /** Health pages need no caller; Kubernetes needs none where the settings say so. */
  #isOpen(controller: unknown, operation: ApiOperation | undefined): boolean {
    if (controller === HealthController) return true;
    return operation?.mayBeOpen === true && this.settings.admission.allowUnauthenticated;
  }

  async #callerOf(request: FastifyRequest): Promise<ApiCaller> {
    const { method, headers } = request;
    if (headers.authorization !== undefined) {
      return this.#bearerOf(headers.authorization.replace(/^Bearer /i, ''));
    }
    const secret = this.cookie.of(request);
    if (secret === null)
      throw new AccessDenied('TOKEN_MISSING', 'sign in, or send an API token in the header Authorization');
    // Browsers send cookies automatically, but no other site can make them add this header.
    if (method !== 'GET' && method !== 'HEAD' && headers[csrfHeader] !== '1') {
      throw new AccessDenied('CSRF_HEADER_MISSING', `a change by session cookie needs the header ${csrfHeader}: 1`);
    }
    const caller = await this.sessions.verify(secret, this.settings.access.sessions);
    if (!caller) throw new AccessDenied('SESSION_OVER', 'the session is over: sign in again');
    return caller;
  }

  /** A token of a service account, or of a session that the command line has. */
  async #bearerOf(token: string): Promise<ApiCaller> {
    const known = await this.tokens.verify(token);
    if (known) return { kind: 'service-account', ...known, session: null };
    const secret = sessionSecretOf(token);
    const caller = secret === null ? null : await this.sessions.verify(secret, this.settings.access.sessions);
    if (!caller) throw tokenInvalid();
    return caller;
  }
}

/**
 * Checks the role and the limits of a caller.
 * @throws AccessDenied `ROLE_MISSING`, `SCOPE_INSUFFICIENT`
 */
export function requireAccess(operation: ApiOperation | undefined, { role, scopes }: ApiCaller): void {
  if (!operation) throw new AccessDenied('ROLE_MISSING', 'this method declares no role, so none suffices');
  if (operation.role === 'none') return;
  if (!includesRole(role, operation.role)) {
    throw new AccessDenied('ROLE_MISSING', `this needs the role ${operation.role}, and yours is ${role}`);
  }
  if (scopes !== null && operation.scope !== 'rows') {
    throw new AccessDenied('SCOPE_INSUFFICIENT', 'this cannot be limited, and your account is limited');
  }
}

/** @throws AccessDenied `TOKEN_INVALID` */
export async function verifiedToken(tokens: ApiTokens, token: string): Promise<ApiToken> {
  const known = await tokens.verify(token);
  if (!known) throw tokenInvalid();
  return known;
}

function tokenInvalid(): AccessDenied {
  return new AccessDenied('TOKEN_INVALID', 'the API token is unknown, expired or revoked');
}

/** Parameter decorator for the {@link ApiCaller}. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<CallersRequest>().caller;
});
