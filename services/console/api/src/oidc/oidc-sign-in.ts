import { Injectable } from '@nestjs/common';
import { AccessDenied, InvalidInput } from '@tidewaiter/domain';
import { Sessions, Users } from '@tidewaiter/store';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { ConsoleConfig } from '../config.js';
import { BrowserSessions } from '../session/browser-sessions.js';
import { AttemptCookie } from './attempt-cookie.js';
import { IdentityProvider } from './identity-provider.js';

/** Sign-in by OpenID Connect: from the provider's answer to a session. */
@Injectable()
export class OidcSignIn {
  readonly #base: string;

  constructor(
    private readonly provider: IdentityProvider,
    private readonly cookie: AttemptCookie,
    private readonly users: Users,
    private readonly sessions: Sessions,
    private readonly browsers: BrowserSessions,
    { publicUrl = '' }: ConsoleConfig,
  ) {
    this.#base = publicUrl.replace(/\/$/, '');
  }

  get isConfigured(): boolean {
    return this.provider.isConfigured;
  }

  /** @returns the page of the provider */
  async begin(reply: FastifyReply, next: string): Promise<string> {
    const { url, attempt } = await this.provider.begin();
    void reply.header('set-cookie', this.cookie.holding({ ...attempt, next }));
    return url.href;
  }

  /**
   * Opens a session for the user whom the provider has authenticated.
   * @returns the page of the console to open
   * @throws InvalidInput `SIGN_IN_EXPIRED`
   * @throws AccessDenied `OIDC_REFUSED`, `USER_WITHOUT_ROLE`, `USER_DISABLED`
   */
  async complete(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const attempt = this.cookie.of(request);
    // Used up in any case.
    void reply.header('set-cookie', this.cookie.removed());
    if (!attempt)
      throw new InvalidInput('SIGN_IN_EXPIRED', 'this sign-in was not begun in this browser, or too long ago');
    const { search } = new URL(request.url, 'http://localhost');
    const { providerSession, idToken, ...identity } = await this.provider.complete(search, attempt);
    const user = await this.users.signedIn(identity);
    if (user.disabledAt !== null)
      throw new AccessDenied('USER_DISABLED', `${user.name} is disabled: ask an administrator`);
    if (user.role === null) {
      throw new AccessDenied(
        'USER_WITHOUT_ROLE',
        `${user.name} is in no group that has a role here: ask an administrator`,
      );
    }
    await this.browsers.open(request, reply, { of: { userId: user.id }, providerSession, idToken });
    return `${this.#base}${attempt.next}`;
  }

  /** @throws AccessDenied `LOGOUT_TOKEN_INVALID` */
  async endByProvider(logoutToken: string): Promise<void> {
    const { issuer, issuedAt, ...ended } = await this.provider.readLogout(logoutToken);
    await this.sessions.endOfProvider(issuer, ended, issuedAt);
  }
}
