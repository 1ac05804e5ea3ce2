import { Injectable } from '@nestjs/common';
import {
  AccessDenied,
  InvalidInput,
  NotFound,
  limitingScopes,
  roles,
  TidewaiterError,
  Unavailable,
} from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { type OidcSettings, TidewaiterSettings } from '@tidewaiter/runtime';
import type { Identity } from '@tidewaiter/store';
import { createRemoteJWKSet, customFetch as keyFetch, type JWTVerifyGetKey } from 'jose';
import * as client from 'openid-client';

import { ConsoleConfig } from '../config.js';
import { claimAt, textClaim } from './claims.js';
import { readLogoutToken, type ProviderLogout } from './logout-token.js';

const maxAnswerBytes = 1024 * 1024;
const timeoutSeconds = 10;
/** Endpoints of a provider change seldom; its keys are fetched when one is unknown. */
const discoveryMs = 3_600_000;

/** Attempt of a browser to sign in, between its request and the answer of the provider. */
export interface SignInAttempt {
  state: string;
  nonce: string;
  verifier: string;
}

/** User whom the provider has authenticated. */
export interface SignedInIdentity extends Identity {
  /** Session at the provider, which its logout names. */
  providerSession: string | null;
  /** Names the session to the provider when it ends here. */
  idToken: string;
}

interface Provider {
  configuration: client.Configuration;
  keys: JWTVerifyGetKey;
}

/**
 * Client of the OpenID Connect provider. Its requests go through {@link Egress}.
 * @see https://openid.net/specs/openid-connect-core-1_0.html
 */
@Injectable()
export class IdentityProvider {
  readonly #settings: OidcSettings | undefined;
  readonly #publicUrl: string | undefined;
  readonly #egress: Egress;
  #found: { provider: Promise<Provider>; untilMs: number } | undefined;

  /** @throws InvalidInput `SETTINGS_INVALID` */
  constructor({ publicUrl }: ConsoleConfig, { access, egressAllow }: TidewaiterSettings) {
    this.#settings = access.oidc;
    this.#publicUrl = publicUrl?.replace(/\/$/, '');
    this.#egress = new Egress({ allow: egressAllow });
    if (access.oidc && publicUrl === undefined) {
      throw new InvalidInput(
        'SETTINGS_INVALID',
        'access.oidc: set TIDEWAITER_CONSOLE_URL, to which the provider sends browsers back',
      );
    }
  }

  get isConfigured(): boolean {
    return this.#settings !== undefined;
  }

  async onModuleDestroy(): Promise<void> {
    await this.#egress.close();
  }

  /** Begins to sign in; returns the page of the provider. */
  async begin(): Promise<{ url: URL; attempt: SignInAttempt }> {
    const { configuration } = await this.#provider();
    const attempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#callbackUrl,
      scope: this.#oidc.scopes.join(' '),
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    });
    return { url, attempt };
  }

  /**
   * Completes it with the answer of the provider.
   * @param query of the request with which the browser came back
   * @throws AccessDenied `OIDC_REFUSED`
   * @throws Unavailable `OIDC_UNAVAILABLE`
   */
  async complete(query: string, { state, nonce, verifier }: SignInAttempt): Promise<SignedInIdentity> {
    const { configuration } = await this.#provider();
    const url = new URL(this.#callbackUrl);
    url.search = query;
    try {
      const tokens = await client.authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const idClaims = tokens.claims()!;
      const claims = await this.#allClaims(configuration, tokens.access_token, idClaims);
      const email = textClaim(claims, 'email');
      return {
        issuer: idClaims.iss,
        subject: idClaims.sub,
        name: textClaim(claims, 'preferred_username') ?? email ?? textClaim(claims, 'name') ?? idClaims.sub,
        email,
        ...groupAccess(claims, this.#oidc),
        providerSession: textClaim(idClaims, 'sid'),
        idToken: tokens.id_token!,
      };
    } catch (error) {
      throw explained(error);
    }
  }

  /** Page of the provider that ends its session and sends the browser back; null without one. */
  async signOutUrl(idToken: string): Promise<string | null> {
    const { configuration } = await this.#provider();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
    const parameters = { post_logout_redirect_uri: `${this.#publicUrl}/`, id_token_hint: idToken };
    return client.buildEndSessionUrl(configuration, parameters).href;
  }

  /** @throws InvalidInput `LOGOUT_TOKEN_INVALID` */
  async readLogout(token: string): Promise<ProviderLogout> {
    const { configuration, keys } = await this.#provider();
    const { issuer } = configuration.serverMetadata();
    const { clientId, clockSkewMs } = this.#oidc;
    return readLogoutToken(token, keys, { issuer, clientId, clockSkewSeconds: clockSkewMs / 1_000 });
  }

  get #oidc(): OidcSettings {
    if (!this.#settings) throw new NotFound('OIDC_NOT_CONFIGURED', 'no provider of OpenID Connect is configured');
    return this.#settings;
  }

  get #callbackUrl(): string {
    return `${this.#publicUrl}/api/v1/sign-in/oidc/callback`;
  }

  async #provider(): Promise<Provider> {
    if (this.#found && performance.now() < this.#found.untilMs) return this.#found.provider;
    const found = { provider: this.#discover(), untilMs: performance.now() + discoveryMs };
    this.#found = found;
    try {
      return await found.provider;
    } catch (error) {
      if (this.#found === found) this.#found = undefined;
      throw explained(error);
    }
  }

  async #discover(): Promise<Provider> {
    const { issuer, clientId, clientSecret, clockSkewMs } = this.#oidc;
    const configuration = await client.discovery(
      new URL(issuer),
      clientId,
      { [client.clockTolerance]: clockSkewMs / 1_000 },
      clientSecret ? client.ClientSecretBasic(clientSecret.reveal()) : client.None(),
      {
        [client.customFetch]: this.#fetch,
        timeout: timeoutSeconds,
        // Signatures are checked although the token comes from the provider itself.
        execute: [
          client.enableNonRepudiationChecks,
          ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
        ],
      },
    );
    const { jwks_uri: keysUrl } = configuration.serverMetadata();
    if (keysUrl === undefined) throw new Unavailable('OIDC_UNAVAILABLE', 'the provider publishes no jwks_uri');
    const keys = createRemoteJWKSet(new URL(keysUrl), {
      [keyFetch]: this.#fetch as typeof fetch,
      cooldownDuration: 10_000,
    });
    return { configuration, keys };
  }

  /** Claims of the ID token, and where it has no groups those of the user info. */
  async #allClaims(
    configuration: client.Configuration,
    accessToken: string,
    idClaims: client.IDToken,
  ): Promise<Record<string, unknown>> {
    const isComplete = claimAt(idClaims, this.#oidc.groupsClaim) !== undefined;
    if (isComplete || configuration.serverMetadata().userinfo_endpoint === undefined) return idClaims;
    return { ...(await client.fetchUserInfo(configuration, accessToken, idClaims.sub)), ...idClaims };
  }

  readonly #fetch: client.CustomFetch = async (url, { method, headers, body, signal }) => {
    // Only the host that the settings name may be private, not what its document points to.
    const { issuer, allowPrivate } = this.#oidc;
    const answer = await this.#egress.request(url, {
      method,
      headers,
      allowPrivate: allowPrivate && new URL(url).host === new URL(issuer).host,
      ...(signal && { signal }),
      ...(body instanceof URLSearchParams && { body: body.toString() }),
    });
    const bytes = await answer.bytes(maxAnswerBytes);
    return new Response(bytes.length === 0 ? null : new Uint8Array(bytes), {
      status: answer.status,
      headers: answer.headers,
    });
  };
}

/**
 * Highest role of the groups of a user, null without one; and its limits, which are those of all
 * groups with this role.
 */
export function groupAccess(
  claims: Record<string, unknown>,
  { groupsClaim, roles: mapping, defaultRole }: Pick<OidcSettings, 'groupsClaim' | 'roles' | 'defaultRole'>,
): Pick<Identity, 'groupRole' | 'groupScopes'> {
  const claim = claimAt(claims, groupsClaim);
  const groups = Array.isArray(claim) ? claim : [claim];
  const granted = mapping.filter(({ group }) => groups.includes(group));
  const highest = roles.findLast((role) => granted.some((each) => each.role === role));
  if (highest === undefined) return { groupRole: defaultRole ?? null, groupScopes: null };
  return { groupRole: highest, groupScopes: limitingScopes(granted.filter(({ role }) => role === highest)) };
}

/** Error of the provider or of its answer for users, with the cause for the log. */
function explained(error: unknown): TidewaiterError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Unavailable)
      return new Unavailable('OIDC_UNAVAILABLE', 'the identity provider cannot be reached', { cause: error });
    if (cause instanceof TidewaiterError) return cause;
  }
  if (error instanceof client.AuthorizationResponseError && error.error === 'access_denied')
    return new AccessDenied('OIDC_REFUSED', 'the identity provider has refused the sign-in', { cause: error });
  return new AccessDenied('OIDC_REFUSED', 'the answer of the identity provider is not valid for this sign-in', {
    cause: error,
  });
}
