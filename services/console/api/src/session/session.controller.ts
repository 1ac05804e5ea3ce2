import { Body, Controller, Delete, Post, Req, Res } from '@nestjs/common';
import { AccessDenied } from '@tidewaiter/domain';
import { type ApiCaller, ApiTokens, SetupLinks } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { Caller, verifiedToken } from '../auth/access-guard.js';
import { SignInLimit } from '../auth/sign-in-limit.js';
import { Operation } from '../http/operation.js';
import { IdentityProvider } from '../oidc/identity-provider.js';
import { BrowserSessions } from './browser-sessions.js';
import { endedSessionAnswer, sessionBody, setupBody } from './session-schemas.js';

/** Sessions of the web pages. */
@Controller('api/v1')
export class SessionController {
  constructor(
    private readonly tokens: ApiTokens,
    private readonly links: SetupLinks,
    private readonly sessions: BrowserSessions,
    private readonly limit: SignInLimit,
    private readonly provider: IdentityProvider,
  ) {}

  @Post('session')
  @Operation({
    role: 'none',
    action: 'sign-in.succeeded',
    refusal: 'sign-in.failed',
    hasSecretBody: true,
    summary: 'Opens a session of the web pages by a token: sets a cookie',
    status: 204,
  })
  async open(
    @Body({ schema: sessionBody }) { token }: z.output<typeof sessionBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    this.limit.take(request.ip);
    const { id } = await verifiedToken(this.tokens, token);
    await this.sessions.open(request, reply, { of: { tokenId: id } });
  }

  @Post('setup')
  @Operation({
    role: 'none',
    action: 'setup-link.redeemed',
    refusal: 'sign-in.failed',
    hasSecretBody: true,
    summary: 'Makes the first administrator by the setup link: sets a cookie',
    status: 204,
  })
  async setUp(
    @Body({ schema: setupBody }) { secret }: z.output<typeof setupBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    this.limit.take(request.ip);
    const userId = await this.links.redeem(secret);
    if (userId === null) {
      throw new AccessDenied('SETUP_LINK_INVALID', 'the setup link is used, over, or there is an administrator');
    }
    await this.sessions.open(request, reply, { of: { userId } });
  }

  @Delete('session')
  @Operation({
    role: 'gate',
    scope: 'rows',
    action: 'session.signed-out',
    summary: 'Ends the session',
    answer: endedSessionAnswer,
  })
  async close(
    @Caller() caller: ApiCaller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof endedSessionAnswer>> {
    const idToken = await this.sessions.end(reply, caller.session?.id);
    // The session here has ended, whatever the provider does.
    const signOutUrl = idToken === null ? null : await this.provider.signOutUrl(idToken).catch(() => null);
    return { signOutUrl };
  }
}
