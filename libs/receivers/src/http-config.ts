import { Secret } from '@tidewaiter/domain';
import type { Section } from '@tidewaiter/routing';

import { readTls, type TlsConfig } from './tls-config.js';

/** HTTP client settings of a channel. */
export interface HttpConfig {
  auth: HttpAuth | undefined;
  /** Sent with every request; names are unique regardless of case. */
  headers: [name: string, value: Secret][];
  tls: TlsConfig | undefined;
  proxy: HttpProxies | undefined;
}

/** Sources of the `Authorization` header of a request. */
export type HttpAuth =
  | { type: 'authorization'; scheme: string; credentials: Secret }
  | { type: 'basic'; username: string; password: Secret }
  | OAuth2;

/**
 * OAuth 2.0 client credentials with which an access token is fetched.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.4
 */
export interface OAuth2 {
  type: 'oauth2';
  clientId: string;
  clientSecret: Secret;
  tokenUrl: string;
  scopes: string[];
  parameters: [name: string, value: string][];
  tls: TlsConfig | undefined;
  proxy: HttpProxies | undefined;
}

/** Proxies by the scheme of the target URL. */
export interface HttpProxies {
  http: ProxySettings | undefined;
  https: ProxySettings | undefined;
  /** Hosts that are reached without the proxy, as in `NO_PROXY`. */
  noProxy: string[];
  /** Sent to the proxy. */
  headers: [name: string, value: Secret][];
}

export interface ProxySettings {
  url: string;
  user: { name: string; password: Secret } | undefined;
}

export const plainHttp: HttpConfig = { auth: undefined, headers: [], tls: undefined, proxy: undefined };

/**
 * Reads `global.http_config`, the default for receivers without their own. It applies to every
 * channel, so it must not hold credentials or headers of a single one.
 */
export function readHttpDefaults(global: Section): HttpConfig {
  const http = global.section('http_config');
  if (!http) return plainHttp;
  for (const key of ['authorization', 'basic_auth', 'oauth2', 'http_headers', 'bearer_token', 'bearer_token_file'])
    if (http.has(key)) http.problem(key, 'would go to every channel; give it to a receiver');
  return readHttp(http);
}

/**
 * Reads `http_config` of a receiver.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<http_config>`
 */
export function readHttpConfig(receiver: Section, defaults: HttpConfig): HttpConfig {
  const http = receiver.section('http_config');
  return http ? readHttp(http) : defaults;
}

function readHttp(http: Section): HttpConfig {
  const config = { auth: readAuth(http), headers: readHeaders(http), ...readConnection(http) };
  http.flag('enable_http2');
  // A redirected message may arrive as a GET for a page that answers 200, or reach a third party.
  if (http.flag('follow_redirects') === true)
    http.problem('follow_redirects', 'is not done, as a message could be lost on the way; give the last address');
  http.finish();
  return config;
}

/** Reports a problem for HTTP credentials of a channel that authenticates in another way. */
export function refuseAuth(receiver: Section, { auth }: HttpConfig, why: string): void {
  if (auth) receiver.problem('http_config', `has credentials, but ${why}`);
}

/** Reads the request settings of a channel whose address is its secret. */
export function readRequestSettings(
  section: Section,
  http: HttpConfig,
): { http: HttpConfig; timeoutMs: number; sendResolved: boolean } {
  refuseAuth(section, http, 'the address authenticates it');
  return { http, timeoutMs: section.timeoutMs('timeout'), sendResolved: section.flag('send_resolved') ?? true };
}

function readAuth(http: Section): HttpAuth | undefined {
  const ways = [readAuthorization(http), readBearerToken(http), readBasicAuth(http), readOAuth2(http)];
  const [first, ...more] = ways.flatMap((way) => way ?? []);
  if (more.length > 0) http.problem('authorization', 'basic_auth, oauth2 and bearer_token exclude each other');
  return first;
}

function readAuthorization(http: Section): HttpAuth | undefined {
  const section = http.section('authorization');
  if (!section) return undefined;
  const scheme = section.text('type') ?? 'Bearer';
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(scheme))
    section.problem('type', 'expected the name of a scheme, such as Bearer');
  if (scheme.toLowerCase() === 'basic') section.problem('type', 'use basic_auth for this scheme');
  const credentials = section.headerSecret('credentials');
  section.refuse(['credentials_ref']);
  section.finish();
  if (!credentials) section.problem('credentials', 'or credentials_file is required');
  return credentials && { type: 'authorization', scheme, credentials };
}

/** Reads `bearer_token`, the older name of `authorization`. */
function readBearerToken(http: Section): HttpAuth | undefined {
  const credentials = http.headerSecret('bearer_token');
  return credentials && { type: 'authorization', scheme: 'Bearer', credentials };
}

function readBasicAuth(http: Section): HttpAuth | undefined {
  const section = http.section('basic_auth');
  if (!section) return undefined;
  const username = section.secret('username')?.reveal();
  const password = section.secret('password');
  section.refuse(['username_ref', 'password_ref']);
  section.finish();
  if (username === undefined) section.problem('username', 'is required');
  if (!password) section.problem('password', 'or password_file is required');
  return username !== undefined && password ? { type: 'basic', username, password } : undefined;
}

function readOAuth2(http: Section): HttpAuth | undefined {
  const section = http.section('oauth2');
  if (!section) return undefined;
  const [clientId, clientSecret] = [section.text('client_id'), section.secret('client_secret')];
  const tokenUrl = section.url('token_url');
  const more = {
    scopes: section.texts('scopes') ?? [],
    parameters: readParameters(section),
    ...readConnection(section),
  };
  // Client authentication methods that need more than a shared secret are not supported.
  section.refuse([
    'client_secret_ref',
    'client_certificate_key',
    'client_certificate_key_file',
    'grant_type',
    'claims',
  ]);
  section.finish();
  if (clientId === undefined) section.problem('client_id', 'is required');
  if (!clientSecret) section.problem('client_secret', 'or client_secret_file is required');
  if (tokenUrl === undefined) section.problem('token_url', 'is required');
  if (clientId === undefined || !clientSecret || tokenUrl === undefined) return undefined;
  return { type: 'oauth2', clientId, clientSecret, tokenUrl, ...more };
}

/**
 * Parameters of a token request that name where the token is used.
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.1
 */
const openParameters = new Set(['audience', 'resource', 'scope']);

/** Reads parameters of a token request: those without a known meaning may be credentials. */
function readParameters(section: Section): OAuth2['parameters'] {
  const parameters = section.pairs('endpoint_params');
  if (parameters.some(([name]) => !openParameters.has(name))) section.withhold('endpoint_params');
  section.redact('endpoint_params');
  return parameters;
}

/** Reads the TLS and proxy settings that a channel and its OAuth token server share. */
function readConnection(section: Section): Pick<HttpConfig, 'tls' | 'proxy'> {
  return { tls: readTls(section, 'tls_config'), proxy: readProxies(section) };
}

function readProxies(section: Section): HttpProxies | undefined {
  const own = readProxy(section, 'proxy_url', section.scalar('proxy_url'));
  const noProxy = section.scalar('no_proxy');
  const isFromEnvironment = section.flag('proxy_from_environment') ?? false;
  const headers = readProxyHeaders(section);
  if (isFromEnvironment && (own || noProxy !== undefined))
    section.problem('proxy_from_environment', 'and proxy_url or no_proxy are both given; keep one');
  if (noProxy !== undefined && !own) section.problem('no_proxy', 'needs a proxy_url');
  if (own) return { http: own, https: own, noProxy: (noProxy ?? '').split(','), headers };
  if (!isFromEnvironment) return undefined;
  const named = (name: string) => section.environment(name) || section.environment(name.toLowerCase()) || undefined;
  const [http, https] = ['HTTP_PROXY', 'HTTPS_PROXY'].map((name) =>
    readProxy(section, 'proxy_from_environment', named(name)),
  );
  return { http, https, noProxy: (named('NO_PROXY') ?? '').split(','), headers };
}

/** Reads a proxy URL, which by convention contains its user and password. */
function readProxy(section: Section, key: string, text: string | undefined): ProxySettings | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || text.includes('{{')) {
    section.problem(key, 'expected the address of an http or https proxy');
    return undefined;
  }
  // Only the origin of a proxy is used: what else the key holds is credentials or a mistake.
  if (url.href !== `${url.origin}/`) section.redact(key);
  const [name, password] = [decoded(url.username), decoded(url.password)];
  return { url: url.origin, user: name === '' ? undefined : { name, password: new Secret(password) } };
}

/** Decodes percent encoding; text with a stray percent sign is returned unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readProxyHeaders(section: Section): [string, Secret][] {
  const header = section.section('proxy_connect_header');
  if (!header) return [];
  const headers = header.names().map((name): [string, Secret] => {
    checkHeader(header, name);
    return [name, joined(header, name, header.secretTexts(name))];
  });
  header.finish();
  return headers;
}

// Headers that Tidewaiter sets itself, or that change the framing of a request.
// @see https://github.com/prometheus/common/blob/main/config/headers.go
const reserved = new Set(
  'authorization connection content-encoding content-length content-type expect host keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade user-agent'.split(
    ' ',
  ),
);

function readHeaders(http: Section): [string, Secret][] {
  const section = http.section('http_headers');
  if (!section) return [];
  const headers = section.names().map((name): [string, Secret] => {
    checkHeader(section, name);
    const header = section.sectionOrEmpty(name);
    // A server decides which header it takes for credentials, so each value may be a secret.
    const texts = [...header.secretTexts('values'), ...header.secretTexts('secrets')];
    const values = [...texts, ...header.files('files')];
    header.finish();
    if (values.length === 0) section.problem(name, 'has no value');
    return [name, joined(section, name, values)];
  });
  section.finish();
  if (new Set(headers.map(([name]) => name.toLowerCase())).size < headers.length)
    http.problem('http_headers', 'two names differ in case only');
  return headers;
}

function checkHeader(section: Section, name: string): void {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name))
    section.problem(name, 'has characters that the name of a header cannot have');
  else if (reserved.has(name.toLowerCase())) section.problem(name, 'is not yours to set');
}

function joined(section: Section, name: string, values: readonly string[]): Secret {
  const text = values.join(', ');
  if (!/^[\t\x20-\x7e]*$/.test(text)) section.problem(name, 'has characters that a header cannot carry');
  return new Secret(text);
}
