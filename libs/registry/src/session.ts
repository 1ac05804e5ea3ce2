import { AccessDenied, NotFound, Unavailable, version, type Secret } from '@tidewaiter/domain';
import type { Egress, EgressRequest, EgressResponse } from '@tidewaiter/egress';

import { Authenticator, type GrantKey } from './authenticator.js';
import { endpointOf, type Endpoint, type RegistryConnection } from './connection.js';
import { backoffMs, pause, retryAfterMs } from './retry.js';

/** Request to a registry. */
export interface RegistryRequest {
  /** Empty for a read without a repository: the catalog. Null for `/v2/` itself. */
  repository: string | null;
  /** Below `/v2/<repository>/`, or `/v2/`. */
  path: string;
  /** `GET` unless given. All but `GET` and `HEAD` are sent once, with the right to push. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT';
  body?: Buffer;
  headers?: Record<string, string>;
  /** Code of the error for a 404; null where that is an answer like others. */
  unknown: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'NAME_UNKNOWN' | null;
  signal?: AbortSignal;
}

/**
 * Longest wait of a retry here, in milliseconds; longer ones are left to the caller: a queue waits
 * better than a worker.
 */
const MAX_WAIT_MS = 5_000;
const MAX_REDIRECTS = 5;
const DEFAULT_IDLE_TIMEOUT_MS = 30_000;
const userAgent = `tidewaiter/${version}`;

/**
 * Session with one registry: authorizes, retries transient failures, and waits as long as the
 * registry requests.
 */
export class RegistrySession {
  readonly endpoint: Endpoint;
  readonly #egress: Egress;
  readonly #authenticator: Authenticator;
  readonly #defaults: EgressRequest;
  /**
   * On the monotonic clock, for every request: the registry requested the wait of the client, not
   * of one download.
   */
  #quietUntilMs = 0;

  constructor(
    connection: RegistryConnection,
    egress: Egress,
    private readonly maxAttempts: number,
  ) {
    const {
      allowPrivate,
      ca,
      insecureSkipVerify,
      client,
      leastRate,
      idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS,
    } = connection;
    this.endpoint = endpointOf(connection);
    this.#egress = egress;
    this.#defaults = {
      headers: { 'user-agent': userAgent },
      allowPrivate,
      tls: { ca, insecureSkipVerify, client },
      headersTimeoutMs: idleTimeoutMs,
      bodyIdleTimeoutMs: idleTimeoutMs,
      leastRate,
    };
    this.#authenticator = new Authenticator(connection, this.endpoint, egress, this.#defaults);
  }

  /**
   * Sends a request and returns the final response, unless its status has an error of its own.
   * @throws AccessDenied `REGISTRY_UNAUTHORIZED`, `REGISTRY_FORBIDDEN`
   * @throws NotFound with the code of `read.unknown`, if it has one
   * @throws Unavailable `REGISTRY_BUSY` with `retryAfterMs`, `REGISTRY_UNAVAILABLE`, and those of
   * Egress
   */
  async send(read: RegistryRequest): Promise<EgressResponse> {
    let granted: Secret | undefined;
    for (let failures = 0; ;) {
      await this.#waitForTurn(read.signal);
      const outcome = await this.#attempt(read, granted);
      if (outcome instanceof Unavailable) {
        failures += 1;
        if (failures === this.maxAttempts || isWrite(read)) throw outcome;
        await pause(backoffMs(failures), read.signal);
      } else if (outcome.status === 401) {
        await outcome.discard();
        if (granted) throw this.#authenticator.denied(read.repository);
        granted = await this.#authenticator.answer(
          outcome.headers['www-authenticate'] ?? '',
          grantOf(read),
          read.signal,
        );
      } else {
        return this.#settle(read, outcome);
      }
    }
  }

  /** Asks for `/v2/` without credentials, whose answer shows whether the registry wants some. */
  async ping(signal?: AbortSignal): Promise<EgressResponse> {
    return this.#egress.request(`${this.endpoint.origin}/v2/`, { ...this.#defaults, signal });
  }

  /** Error for a response that the protocol does not define. */
  unexpected(status: number): Unavailable {
    return new Unavailable('REGISTRY_UNEXPECTED', `${this.endpoint.host} answers ${status}`);
  }

  /** Sends one request. Returns a failure that a retry may cure as a value. */
  async #attempt(read: RegistryRequest, granted?: Secret): Promise<EgressResponse | Unavailable> {
    try {
      const response = await this.#request(read, granted);
      return this.#isTransient(response) ? await this.#postpone(response) : response;
    } catch (error) {
      if (error instanceof Unavailable && error.code === 'EGRESS_UNREACHABLE') return error;
      throw error;
    }
  }

  #request(request: RegistryRequest, granted?: Secret): Promise<EgressResponse> {
    const { repository, path, method, body, headers, signal } = request;
    const authorization = granted ?? this.#authenticator.authorization(grantOf(request));
    const below = !repository ? path : `${repository}/${path}`;
    return this.#egress.request(`${this.endpoint.origin}/v2/${below}`, {
      ...this.#defaults,
      method,
      ...(body && { body }),
      headers: { ...this.#defaults.headers, ...headers },
      signal,
      maxRedirects: isWrite(request) ? 0 : MAX_REDIRECTS,
      credentials: authorization && { authorization },
    });
  }

  #isTransient({ status, url }: EgressResponse): boolean {
    if (status === 408 || status === 429 || status >= 500) return true;
    // A blob store that rejects its own presigned URL: it has expired, so a new redirect helps; our
    // credentials do not.
    return (status === 401 || status === 403) && new URL(url).origin !== this.endpoint.origin;
  }

  async #postpone({ status, headers, url, discard }: EgressResponse): Promise<Unavailable> {
    await discard();
    const retryAfter = retryAfterMs(headers['retry-after'], Date.now());
    if (retryAfter !== undefined) this.#quietUntilMs = performance.now() + retryAfter;
    const code = status === 429 ? 'REGISTRY_BUSY' : 'REGISTRY_UNAVAILABLE';
    return new Unavailable(code, `${new URL(url).host} answers ${status}`, { retryAfterMs: retryAfter });
  }

  async #waitForTurn(signal?: AbortSignal): Promise<void> {
    const waitMs = Math.ceil(this.#quietUntilMs - performance.now());
    if (waitMs <= 0) return;
    // Jitter, so that the readers of one registry do not retry at once.
    if (waitMs <= MAX_WAIT_MS) return pause(waitMs + backoffMs(1), signal);
    throw new Unavailable('REGISTRY_BUSY', `${this.endpoint.host} asks to stay away`, { retryAfterMs: waitMs });
  }

  async #settle(request: RegistryRequest, response: EgressResponse): Promise<EgressResponse> {
    const { repository, path, unknown } = request;
    const { host } = this.endpoint;
    const isUnknown = response.status === 404 && unknown !== null;
    if (response.status !== 403 && !isUnknown) return response;
    await response.discard();
    if (isUnknown) throw new NotFound(unknown, `${host} has no ${missing[unknown](repository ?? '', path)}`);
    throw new AccessDenied(
      'REGISTRY_FORBIDDEN',
      `${host} forbids ${isWrite(request) ? 'writing' : 'reading'} ${repository ?? 'it'}`,
    );
  }
}

/** Noun of what a registry does not have. */
const missing = {
  MANIFEST_UNKNOWN: (repository: string, path: string) => `image ${path.replace(/^manifests\//, '')} in ${repository}`,
  BLOB_UNKNOWN: (repository: string) => `such blob in ${repository}`,
  NAME_UNKNOWN: (repository: string) => (repository === '' ? 'catalog' : `repository ${repository}`),
};

/** Whether a request changes the registry: its sender knows how to repeat it. */
function isWrite({ method }: RegistryRequest): boolean {
  return method !== undefined && method !== 'GET' && method !== 'HEAD';
}

function grantOf(request: RegistryRequest): GrantKey {
  return { repository: request.repository, isPush: isWrite(request) };
}
