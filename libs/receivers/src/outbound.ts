import { Secret, Unavailable } from '@tidewaiter/domain';
import {
  bypassesProxy,
  classifyAddress,
  type EgressProxy,
  type EgressRequest,
  type EgressResponse,
  type EgressTls,
  readRetryAfter,
} from '@tidewaiter/egress';

import type { HttpConfig, HttpProxies } from './http-config.js';
import { OutcomeUnknown, type SendContext } from './sender.js';
import type { TlsConfig } from './tls-config.js';

/** Default timeout of an answer. */
const answerTimeoutMs = 15_000;

/** Limit on the wait that a channel may request: one hour. */
const maxRetryAfterMs = 3_600_000;

// Errors that occur before the first byte of the request is sent.
const neverSent = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Request to a channel. `timeoutMs`: for the whole exchange; 0 for the default. */
export interface Post extends Pick<EgressRequest, 'headers' | 'body' | 'credentials'> {
  /** HTTP settings of the channel; `credentials` is made of its `auth`. */
  http: Omit<HttpConfig, 'auth'>;
  timeoutMs: number;
}

/** POSTs to a channel. @throws as `exchange` */
export async function post(url: string, request: Post, context: SendContext): Promise<EgressResponse> {
  return exchange(url, { ...request, method: 'POST' }, context);
}

/**
 * Sends a request to a channel and returns its answer, whatever its status.
 * @throws OutcomeUnknown when no answer came although the request may have arrived.
 * @throws Unavailable when it certainly did not.
 */
export async function exchange(
  url: string,
  request: Post & { method: 'GET' | 'POST' | 'PUT' },
  { egress, signal }: SendContext,
): Promise<EgressResponse> {
  const { timeoutMs, http, headers, ...rest } = request;
  const target = new URL(url);
  const { origin, hostname } = target;
  const withinMs = timeoutMs || answerTimeoutMs;
  try {
    return await egress.request(url, {
      ...rest,
      ...throughProxy(http.proxy, target),
      headers: { ...revealed(http.headers), ...headers },
      ...(http.tls && { tls: egressTls(http.tls) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
      // The defaults of the client are shorter than what the configuration may ask for.
      headersTimeoutMs: withinMs,
      bodyIdleTimeoutMs: withinMs,
      allowPrivate: isWrittenPrivate(hostname),
    });
  } catch (error) {
    if (!signal.aborted && (!(error instanceof Unavailable) || wasNeverSent(error))) throw error;
    throw new OutcomeUnknown(`${origin} gave no answer; the message may have arrived`, error);
  }
}

function throughProxy(
  proxies: HttpProxies | undefined,
  target: URL,
): Pick<EgressRequest, 'proxy' | 'allowPrivateProxy'> {
  const proxy = target.protocol === 'https:' ? proxies?.https : proxies?.http;
  if (!proxies || !proxy || bypassesProxy(target, proxies.noProxy)) return {};
  const { url, user } = proxy;
  const egressProxy: EgressProxy = {
    url,
    headers: Object.fromEntries(proxies.headers),
    ...(user && { authorization: basicAuthorization(user.name, user.password) }),
  };
  return { proxy: egressProxy, allowPrivateProxy: isWrittenPrivate(new URL(url).hostname) };
}

function egressTls({ ca, client, serverName, insecureSkipVerify, minVersion, maxVersion }: TlsConfig): EgressTls {
  return {
    insecureSkipVerify,
    ...(ca !== undefined && { ca, onlyCa: true }),
    ...(client && { client }),
    ...(serverName !== undefined && { serverName }),
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
  };
}

/**
 * Names in lower case, so that Tidewaiter's own header replaces a configured one of the same name.
 */
function revealed(headers: HttpConfig['headers']): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value.reveal()]));
}

/** @see https://www.rfc-editor.org/rfc/rfc7617 */
export function basicAuthorization(username: string, password: Secret): Secret {
  return new Secret(`Basic ${Buffer.from(`${username}:${password.reveal()}`, 'utf8').toString('base64')}`);
}

/** Runs a read-only request, after which no outcome is in doubt if the answer is missing. */
export async function withoutDoubt<T>(name: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    throw new Unavailable(`${name.toUpperCase()}_UNAVAILABLE`, `${name} gave no answer`, { cause: error });
  }
}

function wasNeverSent({ code, cause }: Unavailable): boolean {
  if (code === 'EGRESS_UNTRUSTED' || code === 'EGRESS_PROXY' || cause === undefined) return true;
  return typeof cause === 'object' && cause !== null && 'code' in cause && neverSent.has(String(cause.code));
}

/**
 * Reads the body of the answer.
 * @throws OutcomeUnknown when it is incomplete or too large: its status alone may not show whether
 * the message was accepted.
 */
export async function answerText(response: EgressResponse, limitBytes: number): Promise<string> {
  try {
    return await response.text(limitBytes);
  } catch (error) {
    throw new OutcomeUnknown(
      `${new URL(response.url).origin} gave no whole answer; the message may have arrived`,
      error,
    );
  }
}

/**
 * Parses JSON; undefined when invalid: the parser's own error would quote the text, which may be a
 * token.
 */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether a retry of the same request may succeed.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15
 */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Reads the requested retry delay in the form that errors take. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: Date): { retryAfterMs?: number } {
  const waitMs = readRetryAfter(headers['retry-after'], now.getTime(), maxRetryAfterMs);
  return waitMs === undefined ? {} : { retryAfterMs: waitMs };
}

/**
 * Whether the operator configured `localhost` or a loopback or private address literally, and so
 * intended it. A name that resolves to one may be an attack and needs `egress.allow`.
 */
export function isWrittenPrivate(hostname: string): boolean {
  if (hostname === 'localhost') return true;
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return classifyAddress(address) === 'private';
}
