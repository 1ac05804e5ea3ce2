import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessDenied } from '@tidewaiter/domain';
import type { AdmissionSettings } from '@tidewaiter/runtime';
import { type ApiToken, ApiTokens, permits, type TokenScope } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { routes, scopeOf } from '../openapi/routes.js';

export const sessionCookieName = 'tidewaiter_session';
const csrfHeader = 'x-tidewaiter-csrf';

const cookiePattern = /(?:^|; ?)tidewaiter_session=([A-Za-z0-9_-]{1,64})(?:;|$)/;

type CallersRequest = FastifyRequest & { caller?: ApiToken };

/** Required scope by method and route pattern of Fastify. The pattern counts, not the URL, which has many spellings. */
const scopes: ReadonlyMap<string, TokenScope> = new Map(
  routes.map((route) => {
    const path = `${route.isAtRoot ? '' : '/api/v1'}${route.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    return [`${route.method.toUpperCase()} ${path}`, scopeOf(route)];
  }),
);

/** Routes that need no token. */
export class OpenRoutes {
  readonly #paths: ReadonlySet<string>;

  constructor({ allowUnauthenticated }: Pick<AdmissionSettings, 'allowUnauthenticated'>) {
    const admission = allowUnauthenticated ? ['POST /admission/validate'] : [];
    this.#paths = new Set(['GET /livez', 'GET /readyz', 'GET /metrics', 'POST /api/v1/session', ...admission]);
  }

  has(request: AskedRoute): boolean {
    return this.#paths.has(nameOf(request));
  }
}

type AskedRoute = Pick<FastifyRequest, 'method' | 'routeOptions'>;

function nameOf({ method, routeOptions: { url } }: AskedRoute): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url}`;
}

/** Requires an API token with the scope of the route, in the `Authorization` header or the session cookie. */
@Injectable()
export class TokenGuard implements CanActivate {
  constructor(
    private readonly tokens: ApiTokens,
    private readonly openRoutes: OpenRoutes,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<CallersRequest>();
    if (this.openRoutes.has(request)) return true;
    void context.switchToHttp().getResponse<FastifyReply>().header('www-authenticate', 'Bearer');
    const caller = await verifiedToken(this.tokens, tokenOf(request));
    const needed = scopes.get(nameOf(request)) ?? 'write';
    if (!permits(caller.scope, needed))
      throw new AccessDenied('SCOPE_MISSING', `this needs a token for ${needed}, and yours is for ${caller.scope}`);
    request.caller = caller;
    return true;
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
