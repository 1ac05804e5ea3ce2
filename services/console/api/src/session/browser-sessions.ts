import { Injectable } from '@nestjs/common';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type NewSession, Sessions } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { SessionCookie } from './session-cookie.js';

/** Opens and ends the sessions of browsers. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
    private readonly settings: TidewaiterSettings,
  ) {}

  /** Opens a session with a new secret, and ends the one that the browser has had. */
  async open(
    request: FastifyRequest,
    reply: FastifyReply,
    session: Pick<NewSession, 'of' | 'providerSession' | 'idToken'>,
  ): Promise<void> {
    const secret = await this.sessions.open(
      {
        ...session,
        address: request.ip,
        userAgent: request.headers['user-agent'] ?? '',
        replaces: this.cookie.of(request),
      },
      this.settings.access.sessions,
    );
    void reply.header('set-cookie', this.cookie.holding(secret.reveal()));
  }

  /** Ends the session of a browser; returns its ID token, if an identity provider opened it. */
  async end(reply: FastifyReply, id: string | undefined): Promise<string | null> {
    void reply.header('set-cookie', this.cookie.removed());
    const ended = id === undefined ? null : await this.sessions.end(id);
    return ended?.idToken ?? null;
  }
}
