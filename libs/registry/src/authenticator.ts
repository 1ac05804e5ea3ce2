import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { Egress, EgressRequest } from '@tidewaiter/egress';
import { z } from 'zod';

import { parseChallenges, type Challenge } from './challenge.js';
import type { Endpoint, RegistryConnection } from './connection.js';
import { retryAfterMs } from './retry.js';

/** Repository and what is done there; null for `/v2/` itself, which needs no scope. */
export interface GrantKey {
  repository: string | null;
  isPush: boolean;
}

interface Grant {
  authorization: Secret;
  /** Milliseconds on the monotonic clock. */
  expiresAtMs: number;
}

const MAX_GRANTS = 1_000;
const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;
// Safety margin, as a token must still be valid when the request arrives.
const EXPIRY_MARGIN_MS = 5_000;

/** Token servers that are known to belong to a registry on another host. */
const tokenHosts = new Map([['docker.io', 'auth.docker.io']]);

const bearerToken = z.string().regex(/^[\x21-\x7e]{1,16384}$/);

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
const tokenAnswer = z
  .object({
    token: bearerToken.optional(),
    access_token: bearerToken.optional(),
    expires_in: z.number().min(0).max(86_400).catch(60),
  })
  .transform(({ token, access_token, expires_in }) => ({
    token: token ?? access_token,
    expiresInMs: expires_in * 1000,
  }));

/**
 * Gets and caches the authorization for one registry: Basic credentials, or tokens for each
 * repository.
 */
export class Authenticator {
  /** Oldest first. */
  readonly #grants = new Map<string, Grant>();
  /**
   * Last token server that requested our credentials and did not get them, for the error message.
   */
  #withheldFrom = '';

  constructor(
    private readonly connection: RegistryConnection,
    private readonly endpoint: Endpoint,
    private readonly egress: Egress,
    private readonly defaults: EgressRequest,
  ) {}

  /** Authorization that is valid now. */
  authorization(key: GrantKey): Secret | undefined {
    const grant = this.#grants.get(textOf(key));
    return grant && grant.expiresAtMs > performance.now() ? grant.authorization : undefined;
  }

  /**
   * Answers the challenge of a 401; the request is to be sent once more with the returned
   * authorization.
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED` when there is nothing to answer with.
   * @throws InvalidInput `REGISTRY_CHALLENGE`
   */
  async answer(header: string, key: GrantKey, signal?: AbortSignal): Promise<Secret> {
    const grant = await this.#earn(parseChallenges(header), key, signal);
    this.#grants.delete(textOf(key));
    this.#grants.set(textOf(key), grant);
    for (const oldest of this.#grants.keys()) {
      if (this.#grants.size <= MAX_GRANTS) break;
      this.#grants.delete(oldest);
    }
    return grant.authorization;
  }

  denied(repository: string | null): AccessDenied {
    const who = this.connection.credentials ? 'the configured credentials' : 'access without credentials';
    const hint =
      this.#withheldFrom && `; they do not go to its token server ${this.#withheldFrom} unless tokenHost names it`;
    return new AccessDenied(
      'REGISTRY_UNAUTHORIZED',
      `${this.endpoint.host} refuses ${who}${repository === null ? '' : ` for ${repository || 'its catalog'}`}${hint}`,
    );
  }

  async #earn(challenges: Challenge[], key: GrantKey, signal?: AbortSignal): Promise<Grant> {
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) return this.#fetchToken(bearer.parameters, key, signal);
    const authorization = this.#basic();
    if (!authorization || !challenges.some(({ scheme }) => scheme === 'basic')) throw this.denied(key.repository);
    return { authorization, expiresAtMs: Infinity };
  }

  async #fetchToken(
    parameters: Map<string, string>,
    { repository, isPush }: GrantKey,
    signal?: AbortSignal,
  ): Promise<Grant> {
    const realm = this.#readRealm(parameters.get('realm') ?? '');
    const service = parameters.get('service');
    if (service !== undefined) realm.searchParams.set('service', service);
    // Our scope, not the challenge's: the client asks for no more than its request needs.
    if (repository !== null) realm.searchParams.set('scope', scopeOf(repository, isPush));
    const credentials = this.#credentialsFor(realm);
    const response = await this.egress.request(realm, {
      ...this.defaults,
      signal,
      // A challenge may name any address; only the configured hosts may be inside.
      allowPrivate: this.#isConfigured(realm) && this.connection.allowPrivate,
      credentials,
      // The client certificate identifies us, so that only the registry's own origin gets it.
      tls: realm.origin === this.endpoint.origin ? this.defaults.tls : { ...this.defaults.tls, client: undefined },
    });
    if (response.status === 200) return readToken(realm, await response.json(MAX_TOKEN_ANSWER_BYTES));
    await response.discard();
    if (response.status === 401 || response.status === 403) throw this.denied(repository);
    throw new Unavailable('REGISTRY_TOKEN', `token server ${realm.host} answers ${response.status}`, {
      retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()),
    });
  }

  /**
   * Plain http only if the registry itself is configured for it: a challenge cannot force a
   * downgrade.
   */
  #readRealm(text: string): URL {
    const realm = URL.parse(text);
    const isHttps = realm?.protocol === 'https:' || this.endpoint.origin.startsWith('http:');
    if (realm && isHttps) return realm;
    throw new InvalidInput('REGISTRY_CHALLENGE', `${this.endpoint.host} names no https token server`);
  }

  #credentialsFor(realm: URL): EgressRequest['credentials'] {
    const authorization = this.#basic();
    const isOurs = realm.origin === this.endpoint.origin || (realm.protocol === 'https:' && this.#isConfigured(realm));
    this.#withheldFrom = authorization && !isOurs ? realm.host : '';
    return authorization && isOurs ? { authorization } : undefined;
  }

  /** Exact hosts only. Neither suffix nor registrable domain proves who owns a host. */
  #isConfigured(realm: URL): boolean {
    const tokenHost = this.connection.tokenHost?.toLowerCase() ?? tokenHosts.get(this.endpoint.host);
    return realm.origin === this.endpoint.origin || realm.host === tokenHost;
  }

  #basic(): Secret | undefined {
    const { credentials } = this.connection;
    if (!credentials) return undefined;
    const pair = `${credentials.username}:${credentials.password.reveal()}`;
    return new Secret(`Basic ${Buffer.from(pair).toString('base64')}`);
  }
}

function textOf({ repository, isPush }: GrantKey): string {
  return `${isPush ? 'push' : 'pull'} ${repository ?? '/'}`;
}

function scopeOf(repository: string, isPush: boolean): string {
  if (repository === '') return 'registry:catalog:*';
  return `repository:${repository}:${isPush ? 'pull,push' : 'pull'}`;
}

function readToken(realm: URL, body: unknown): Grant {
  const { data } = tokenAnswer.safeParse(body);
  if (!data?.token) throw new Unavailable('REGISTRY_TOKEN', `token server ${realm.host} gives no token`);
  return {
    authorization: new Secret(`Bearer ${data.token}`),
    expiresAtMs: performance.now() + data.expiresInMs - EXPIRY_MARGIN_MS,
  };
}
