import type { Secret } from '@tidewaiter/domain';

import type { Section } from '../section.js';

/** What the `Authorization` header of a request is made of. */
export type HttpAuth =
  | { type: 'authorization'; scheme: string; credentials: Secret }
  | { type: 'basic'; username: string; password: Secret };

/** Alertmanager's other keys of `http_config`. */
export const unsupportedHttpKeys = [
  'bearer_token',
  'bearer_token_file',
  'oauth2',
  'tls_config',
  'follow_redirects',
  'enable_http2',
  'proxy_url',
  'no_proxy',
  'proxy_from_environment',
  'proxy_connect_header',
  'http_headers',
] as const;

/** Reads `http_config` of a receiver. @see https://prometheus.io/docs/alerting/latest/configuration/ `<http_config>` */
export function readHttpAuth(receiver: Section): HttpAuth | undefined {
  const http = receiver.section('http_config');
  if (!http) return undefined;
  const authorization = readAuthorization(http);
  const basic = readBasicAuth(http);
  http.finish(unsupportedHttpKeys);
  if (authorization && basic) http.problem('basic_auth', 'and authorization are both given; keep one');
  return authorization ?? basic;
}

/** Notes credentials where a channel has its own way to say who we are. */
export function refuseAuth(receiver: Section, auth: HttpAuth | undefined, why: string): void {
  if (auth) receiver.problem('http_config', `has credentials, but ${why}`);
}

/** Reads `authorization` of an `http_config`. */
export function readAuthorization(http: Section): Extract<HttpAuth, { type: 'authorization' }> | undefined {
  const section = http.section('authorization');
  if (!section) return undefined;
  const scheme = section.text('type') ?? 'Bearer';
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(scheme))
    section.problem('type', 'expected the name of a scheme, such as Bearer');
  if (scheme.toLowerCase() === 'basic') section.problem('type', 'use basic_auth for this scheme');
  const credentials = section.headerSecret('credentials');
  section.finish(['credentials_ref']);
  if (!credentials) section.problem('credentials', 'or credentials_file is required');
  return credentials && { type: 'authorization', scheme, credentials };
}

function readBasicAuth(http: Section): HttpAuth | undefined {
  const section = http.section('basic_auth');
  if (!section) return undefined;
  const username = section.text('username');
  const password = section.secret('password');
  section.finish(['username_file', 'username_ref', 'password_ref']);
  if (username === undefined) section.problem('username', 'is required');
  if (!password) section.problem('password', 'or password_file is required');
  return username !== undefined && password ? { type: 'basic', username, password } : undefined;
}
