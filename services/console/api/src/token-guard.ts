import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessDenied } from '@tidewaiter/domain';
import type { AdmissionSettings } from '@tidewaiter/runtime';
import { type ApiToken, ApiTokens } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';

export const sessionCookieName = 'tidewaiter_session';
const csrfHeader = 'x-tidewaiter-csrf';

const cookiePattern = /(?:^|; ?)tidewaiter_session=([A-Za-z0-9_-]{1,64})(?:;|$)/;

type CallersRequest = FastifyRequest & { caller?: ApiToken };

/** Routes that need no token. The route counts, not the URL, of which there are many spellings. */
export class OpenRoutes {
  readonly #paths: ReadonlySet<string>;

  constructor({ allowUnauthenticated }: Pick<AdmissionSettings, 'allowUnauthenticated'>) {
    const admission = allowUnauthenticated ? ['POST /admission/validate'] : [];
    this.#paths = new Set(['GET /livez', 'GET /readyz', 'GET /metrics', 'POST /api/v1/session', ...admission]);
  }

  has({ method, routeOptions: { url } }: Pick<FastifyRequest, 'method' | 'routeOptions'>): boolean {
    return this.#paths.has(`${method === 'HEAD' ? 'GET' : method} ${url}`);
  }
}

/** Lets nobody in without an API token, in the `Authorization` header or in the session cookie. */
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
    request.caller = await verifiedToken(this.tokens, tokenOf(request));
    return true;
  }
}

/** @throws AccessDenied `TOKEN_INVALID` */
export async function verifiedToken(tokens: ApiTokens, token: string): Promise<ApiToken> {
  const known = await tokens.verify(token);
  if (!known) throw new AccessDenied('TOKEN_INVALID', 'the API token is unknown, expired or revoked');
  return known;
}

/** Whose token the request came with. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<CallersRequest>().caller;
});

function tokenOf({ method, headers }: FastifyRequest): string {
  if (headers.authorization !== undefined) return headers.authorization.replace(/^Bearer /i, '');
  const token = cookiePattern.exec(headers.cookie ?? '')?.[1];
  if (token === undefined) throw new AccessDenied('TOKEN_MISSING', 'send `Authorization: Bearer <API token>`');
  // Browsers add cookies by themselves, but no site can make them add this header to a request for another one.
  if (method !== 'GET' && method !== 'HEAD' && headers[csrfHeader] !== '1') {
    throw new AccessDenied('CSRF_HEADER_MISSING', `a change by session cookie needs the header ${csrfHeader}: 1`);
  }
  return token;
}
