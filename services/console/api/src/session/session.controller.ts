import { Body, Controller, Delete, Injectable, Post, Res } from '@nestjs/common';
import { ApiTokens } from '@tidewaiter/store';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';

import { sessionCookieName, verifiedToken } from '../auth/token-guard.js';
import { ConsoleConfig } from '../config.js';
import { Operation } from '../http/operation.js';
import { sessionBody } from './session-schemas.js';

/**
 * The cookie of the web pages. It holds the API token itself: no script can read it, it is as secret as a session id would be,
 * and revoking the token ends the session.
 */
@Injectable()
export class SessionCookie {
  readonly #attributes: string;

  /** `publicUrl`: where browsers find the console, perhaps below a path that a proxy takes away before we see it. */
  constructor({ publicUrl = 'http://localhost' }: ConsoleConfig) {
    const { protocol, pathname } = new URL(publicUrl);
    const path = `${pathname.replace(/\/$/, '')}/api`;
    this.#attributes = `Path=${path}; HttpOnly; SameSite=Strict${protocol === 'https:' ? '; Secure' : ''}`;
  }

  holding(token: string): string {
    return `${sessionCookieName}=${token}; ${this.#attributes}`;
  }

  removed(): string {
    return `${sessionCookieName}=; Max-Age=0; ${this.#attributes}`;
  }
}

@Controller('api/v1/session')
export class SessionController {
  constructor(
    private readonly tokens: ApiTokens,
    private readonly cookie: SessionCookie,
  ) {}

  @Post()
  @Operation({ role: 'none', summary: 'Opens a session of the web pages: sets a cookie', status: 204 })
  async open(
    @Body({ schema: sessionBody }) body: z.output<typeof sessionBody>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { token } = body;
    await verifiedToken(this.tokens, token);
    void reply.header('set-cookie', this.cookie.holding(token));
  }

  @Delete()
  @Operation({ role: 'gate', summary: 'Ends the session', status: 204 })
  close(@Res({ passthrough: true }) reply: FastifyReply): void {
    void reply.header('set-cookie', this.cookie.removed());
  }
}
