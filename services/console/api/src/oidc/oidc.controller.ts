import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { AccessDenied, TidewaiterError } from '@tidewaiter/domain';
import { Logger, problemOf } from '@tidewaiter/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { RefusedSignIns } from '../audit/refused-sign-ins.js';
import { SignInLimit } from '../auth/sign-in-limit.js';
import { Operation } from '../http/operation.js';
import { safePath } from './attempt-cookie.js';
import { backChannelLogout } from './forms.js';
import { logoutBody, signInOptionsAnswer, signInQuery } from './oidc-schemas.js';
import { OidcSignIn } from './oidc-sign-in.js';
import { refusalPage } from './refusal-page.js';

const start = 'api/v1/sign-in/oidc';

/** Sign-in by OpenID Connect. Browsers are navigated here, so failures are pages. */
@Controller('api/v1/sign-in')
export class OidcController {
  constructor(
    private readonly signIn: OidcSignIn,
    private readonly limit: SignInLimit,
    private readonly refused: RefusedSignIns,
    private readonly logger: Logger,
  ) {}

  @Get()
  @Operation({ role: 'none', summary: 'Ways to sign in', answer: signInOptionsAnswer })
  options(): z.output<typeof signInOptionsAnswer> {
    return { oidc: this.signIn.isConfigured ? start : null };
  }

  @Get('oidc')
  @Operation({ role: 'none', summary: 'Redirects to the identity provider', status: 302, mediaType: 'text/html' })
  async begin(
    @Query({ schema: signInQuery }) { next }: z.output<typeof signInQuery>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.#page(request, reply, async () => this.signIn.begin(reply, safePath(next)));
  }

  @Get('oidc/callback')
  @Operation({
    role: 'none',
    action: 'sign-in.succeeded',
    summary: 'Takes the answer of the identity provider',
    status: 302,
    mediaType: 'text/html',
  })
  async complete(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    return this.#page(request, reply, async () => this.signIn.complete(request, reply));
  }

  @Post(backChannelLogout)
  @Operation({
    role: 'none',
    action: 'session.ended',
    hasSecretBody: true,
    summary: 'Ends the sessions that a logout token of the provider names',
  })
  async logOut(@Body({ schema: logoutBody }) body: z.output<typeof logoutBody>): Promise<undefined> {
    await this.signIn.endByProvider(body.logout_token);
  }

  /** Redirects, or shows why not. */
  async #page(request: FastifyRequest, reply: FastifyReply, redirect: () => Promise<string>): Promise<string> {
    void reply.type('text/html; charset=utf-8');
    try {
      this.limit.take(request.ip);
      void reply.header('location', await redirect());
      return '';
    } catch (err) {
      if (!(err instanceof TidewaiterError)) throw err;
      const { status, code, title, retryAfterSeconds } = problemOf(err);
      this.logger.warn({ err, code }, 'sign-in failed');
      if (err instanceof AccessDenied) await this.refused.add(request, 'sign-in.failed', err);
      if (retryAfterSeconds !== undefined) void reply.header('retry-after', retryAfterSeconds);
      void reply.status(status);
      return refusalPage(title);
    }
  }
}
