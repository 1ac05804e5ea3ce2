import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { InvalidInput, Unavailable, type Secret } from '@tidewaiter/domain';
import type { Dispatcher } from 'undici';

import { AllowList, classifyAddress } from './address.js';
import { egressFailure } from './failure.js';
import type { LeastRate } from './least-rate.js';
import type { EgressProxy, EgressTls, PinnedPools, ResolvedAddress } from './pools.js';
import { discard, toEgressResponse, type EgressResponse } from './response.js';

export interface EgressPolicy {
  /**
   * CIDRs, addresses or exact host names that may be reached although they are not public:
   * `10.0.0.0/8`, `registry.lan`, or one port of a host: `blobs.lan:9000`.
   */
  allow: string[];
  /** Whether `allowPrivate` of requests has no effect: `allow` alone decides. */
  isStrict?: boolean;
}

export interface EgressRequest {
  /** `GET` unless given. */
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  signal?: AbortSignal;
  /**
   * The URL's host and port may be private or loopback, but nothing else that it redirects to, not
   * even another port of that host: a registry must not reach its neighbors. Never link-local or
   * metadata.
   */
  allowPrivate?: boolean;
  tls?: EgressTls;
  /**
   * Resolved, checked and pinned instead of the URL's host, which the proxy resolves; an address
   * literal in the URL is checked too.
   */
  proxy?: EgressProxy;
  /** Whether the proxy may be private or loopback. */
  allowPrivateProxy?: boolean;
  /** 0 by default: a redirect is then an error. */
  maxRedirects?: number;
  /** Sent to the origin of the given URL only, never to another origin that it redirects to. */
  credentials?: { authorization: Secret };
  /** Milliseconds; 30,000 by default. */
  headersTimeoutMs?: number;
  /** Milliseconds without a byte; 30,000 by default. */
  bodyIdleTimeoutMs?: number;
  /** Unlimited unless given. */
  leastRate?: LeastRate | undefined;
}

/** Resolves all addresses of a host name. */
export type ResolveHost = (host: string) => Promise<ResolvedAddress[]>;

const RESOLVE_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 30_000;

const redirects = new Set([301, 302, 303, 307, 308]);
const boundToOrigin = new Set(['authorization', 'proxy-authorization', 'cookie']);
const aboutTheBody = /^content-/;

/** Host without brackets, and port, of a connection. */
interface Target {
  host: string;
  port: number;
}

/** Request in progress; redirects change it. */
interface Hop {
  url: URL;
  method: string;
  headers: Map<string, string>;
  body: string | Buffer | undefined;
}

/**
 * Single exit for HTTP. Resolves a name once, checks every address, and connects to exactly those
 * addresses, so that neither a hostile reference, redirect or webhook target nor DNS rebinding
 * reaches a private service.
 */
export class Egress {
  readonly #allow: AllowList;
  readonly #isStrict: boolean;
  readonly #resolve: ResolveHost;
  /** Loaded with the first request, because most commands make none. */
  #pools: Promise<PinnedPools> | undefined;

  /**
   * @throws InvalidInput `EGRESS_POLICY` when the allow list holds anything but CIDRs, addresses
   * and host names.
   */
  constructor(policy: EgressPolicy, resolve: ResolveHost = (host) => lookup(host, { all: true })) {
    this.#allow = new AllowList(policy.allow);
    this.#isStrict = policy.isStrict ?? false;
    this.#resolve = resolve;
  }

  /**
   * Sends one request and returns once the headers are there; no status counts as a failure.
   * @throws InvalidInput `EGRESS_REFUSED`, `EGRESS_REDIRECTS`, `EGRESS_REQUEST`
   * @throws Unavailable `EGRESS_UNREACHABLE`, `EGRESS_TIMEOUT`, `EGRESS_UNTRUSTED`
   */
  async request(url: string | URL, init: EgressRequest = {}): Promise<EgressResponse> {
    let hop = firstHop(url, init);
    const { host, origin } = hop.url;
    for (let redirectsLeft = init.maxRedirects ?? 0; ; redirectsLeft -= 1) {
      const isConfigured = hop.url.host === host;
      const data = await this.#send(hop, {
        ...init,
        allowPrivate: isConfigured && init.allowPrivate,
        tls: hop.url.origin === origin ? init.tls : withoutClient(init.tls),
      });
      const location = redirects.has(data.statusCode) ? data.headers.location : undefined;
      if (location === undefined) return toEgressResponse(hop.url, data, init);
      await discard(data.body);
      if (redirectsLeft <= 0) {
        throw new InvalidInput('EGRESS_REDIRECTS', `${hop.url.origin} redirects more often than allowed`);
      }
      hop = nextHop(hop, data.statusCode, String(location));
    }
  }

  /**
   * Resolves and checks a host for a client that opens its own socket (SMTP): connect to the
   * returned address, not to the name.
   * @throws InvalidInput `EGRESS_REFUSED`
   * @throws Unavailable `EGRESS_UNREACHABLE`, `EGRESS_TIMEOUT`
   */
  async check(
    host: string,
    port: number,
    { allowPrivate, signal }: Pick<EgressRequest, 'allowPrivate' | 'signal'> = {},
  ): Promise<ResolvedAddress> {
    try {
      const [first] = await this.#addresses({ host, port }, allowPrivate, signal);
      return first;
    } catch (error) {
      throw egressFailure(`${host}:${port}`, error, signal);
    }
  }

  /** Closes all connections, including those in use. */
  async close(): Promise<void> {
    await (await this.#pools)?.close();
  }

  async #send({ url, method, headers, body }: Hop, init: EgressRequest): Promise<Dispatcher.ResponseData> {
    const { signal, tls, headersTimeoutMs = READ_TIMEOUT_MS, bodyIdleTimeoutMs = READ_TIMEOUT_MS } = init;
    try {
      const addresses = await this.#connectable(url, init);
      const pools = await (this.#pools ??= openPools());
      return await pools.get(url.origin, addresses, tls, init.proxy).request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: [...headers].flat(),
        body: body ?? null,
        signal: signal ?? null,
        headersTimeout: headersTimeoutMs,
        bodyTimeout: bodyIdleTimeoutMs,
      });
    } catch (error) {
      throw egressFailure(url.origin, error, signal);
    }
  }

  /** Addresses to which a connection is opened. */
  async #connectable(
    url: URL,
    { allowPrivate = false, proxy, allowPrivateProxy, signal }: EgressRequest,
  ): Promise<ResolvedAddress[]> {
    const target = targetOf(url);
    if (!proxy) return this.#addresses(target, allowPrivate, signal);
    if (isIP(target.host)) this.#checkAddress(target, target.host, allowPrivate);
    return this.#addresses(targetOf(checkUrl(proxy.url)), allowPrivateProxy, signal);
  }

  /**
   * Resolves a host once. All addresses must pass: a name that mixes public and private ones is an
   * attack or a mistake.
   */
  async #addresses(
    target: Target,
    allowPrivate = false,
    signal?: AbortSignal,
  ): Promise<[ResolvedAddress, ...ResolvedAddress[]]> {
    signal?.throwIfAborted();
    const { host } = target;
    const literal = isIP(host);
    const addresses = literal
      ? [{ address: host, family: literal }]
      : await unlessAborted(
          this.#resolve(host),
          AbortSignal.any([AbortSignal.timeout(RESOLVE_TIMEOUT_MS), ...(signal ? [signal] : [])]),
        );
    const [first, ...rest] = addresses;
    if (!first) throw new Unavailable('EGRESS_UNREACHABLE', `${host} has no address`);
    for (const { address } of addresses) this.#checkAddress(target, address, allowPrivate);
    return [first, ...rest];
  }

  #checkAddress({ host, port }: Target, address: string, allowPrivate: boolean): void {
    const kind = classifyAddress(address);
    if (kind === 'public' || this.#allow.hasAddress(address)) return;
    const isAllowed = allowPrivate && !this.#isStrict;
    if (kind === 'private' && (isAllowed || this.#allow.hasHost(host, port))) return;
    throw new InvalidInput(
      'EGRESS_REFUSED',
      kind === 'private'
        ? `${host}:${port} resolves to a private address (${address}); allow it under egress.allow in tidewaiter.yaml`
        : `${host} resolves to a link-local or reserved address (${address}); only its CIDR under egress.allow in tidewaiter.yaml opens it`,
    );
  }
}

async function openPools(): Promise<PinnedPools> {
  const { PinnedPools: Pools } = await import('./pools.js');
  return new Pools();
}

function firstHop(url: string | URL, { method = 'GET', headers = {}, body, credentials }: EgressRequest): Hop {
  const lowerCase = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  if (credentials) lowerCase.set('authorization', credentials.authorization.reveal());
  return { url: checkUrl(url), method, headers: lowerCase, body };
}

function withoutClient({ client: _client, ...tls }: EgressTls = {}): EgressTls {
  return tls;
}

/** Request that follows a redirect. @see https://fetch.spec.whatwg.org/#http-redirect-fetch */
function nextHop(hop: Hop, status: number, location: string): Hop {
  const url = checkUrl(location, hop.url);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new InvalidInput('EGRESS_REFUSED', `${hop.url.origin} redirects from https to http`);
  }
  const headers = new Map(hop.headers);
  if (url.origin !== hop.url.origin) for (const name of boundToOrigin) headers.delete(name);
  const becomesGet = status === 303 ? hop.method !== 'HEAD' : status < 303 && hop.method === 'POST';
  if (!becomesGet) return { ...hop, url, headers };
  for (const name of hop.headers.keys()) if (aboutTheBody.test(name)) headers.delete(name);
  return { url, method: 'GET', headers, body: undefined };
}

function checkUrl(text: string | URL, base?: URL): URL {
  const url = URL.parse(String(text), base?.href);
  if (!url) throw new InvalidInput('EGRESS_REFUSED', base ? `${base.origin} redirects to no URL` : 'not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidInput('EGRESS_REFUSED', `only http and https are spoken, not ${url.protocol}`);
  }
  if (url.username || url.password) {
    throw new InvalidInput(
      'EGRESS_REFUSED',
      `a URL of ${url.host} carries a user or password; configure credentials instead`,
    );
  }
  return url;
}

const defaultPorts: Record<string, number> = { 'http:': 80, 'https:': 443 };

/**
 * Host name without the brackets of an IPv6 literal. URL has already normalized forms such as
 * `0x7f.1` to dotted decimal.
 */
function targetOf({ hostname, port, protocol }: URL): Target {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return { host, port: port === '' ? (defaultPorts[protocol] ?? 0) : Number(port) };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
