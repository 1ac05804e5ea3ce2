import type { Secret } from '@tidewaiter/domain';
import { rendered, type Section, showKey, templated } from '@tidewaiter/routing';

import { plainTls, readTls, type TlsConfig } from '../tls-config.js';

export interface MailHost {
  host: string;
  port: number;
}

/** SMTP credentials for the mail host. */
export interface MailAuth {
  username: string;
  /** SASL authorization identity, where it differs from `username`; only PLAIN can send it. */
  identity: string | undefined;
  password: Secret;
  /**
   * Whether `password` is a CRAM-MD5 secret, which is never transmitted. Otherwise the mail host
   * offers the mechanisms: PLAIN, LOGIN, CRAM-MD5.
   */
  isCramMd5: boolean;
}

/** One entry of `email_configs`. */
export interface EmailConfig {
  /** At least one address, each with or without a display name. */
  to: string[];
  from: string;
  smarthost: MailHost;
  /** Host name sent in EHLO. */
  hello: string;
  auth: MailAuth | undefined;
  /** Whether the message must not be sent without STARTTLS. */
  requireTls: boolean;
  /**
   * Whether TLS starts before the SMTP greeting (implicit TLS); undefined: only on port 465, where
   * it always does.
   */
  implicitTls: boolean | undefined;
  tls: TlsConfig;
  /** Extra headers. The names differ in more than case. */
  headers: Map<string, string>;
  sendResolved: boolean;
}

/** Defaults of the `global` section for every e-mail receiver. */
export interface EmailDefaults {
  from: string | undefined;
  smarthost: MailHost | undefined;
  hello: string;
  username: string | undefined;
  identity: string | undefined;
  password: Secret | undefined;
  /** For CRAM-MD5. */
  secret: Secret | undefined;
  requireTls: boolean;
  implicitTls: boolean | undefined;
  tls: TlsConfig;
}

/** Reads `global.smtp_*`. */
export function readEmailDefaults(global: Section): EmailDefaults {
  return {
    from: readFrom(global, 'smtp_from'),
    smarthost: readMailHost(global, 'smtp_smarthost'),
    hello: global.text('smtp_hello') ?? 'localhost',
    username: global.text('smtp_auth_username'),
    identity: global.text('smtp_auth_identity'),
    password: global.secret('smtp_auth_password'),
    secret: global.secret('smtp_auth_secret'),
    requireTls: global.flag('smtp_require_tls') ?? true,
    implicitTls: global.flag('smtp_force_implicit_tls'),
    tls: readTls(global, 'smtp_tls_config') ?? plainTls,
  };
}

/**
 * Reads one entry of `email_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<email_config>`
 */
export function readEmail(section: Section, defaults: EmailDefaults): EmailConfig | undefined {
  const to = readRecipients(section);
  const from = readFrom(section, 'from') ?? defaults.from;
  const smarthost = readMailHost(section, 'smarthost') ?? defaults.smarthost;
  const config = {
    hello: section.text('hello') ?? defaults.hello,
    auth: readAuth(section, defaults),
    requireTls: section.flag('require_tls') ?? defaults.requireTls,
    implicitTls: section.flag('force_implicit_tls') ?? defaults.implicitTls,
    tls: readTls(section, 'tls_config') ?? defaults.tls,
    headers: readHeaders(section),
    sendResolved: section.flag('send_resolved') ?? false,
  };
  section.finish(['html', 'text', 'threading'], rendered);
  if (from === undefined) section.problem('from', 'is required, or global.smtp_from');
  if (!smarthost) section.problem('smarthost', 'is required, or global.smtp_smarthost');
  return to.length > 0 && from !== undefined && smarthost ? { to, from, smarthost, ...config } : undefined;
}

/**
 * Reads a list, or addresses separated by commas; a comma inside quotes belongs to the display
 * name.
 */
function readRecipients(section: Section): string[] {
  const texts = section.isList('to') ? section.texts('to') : section.text('to')?.match(/(?:[^,"]|"[^"]*"|")+/g);
  const to = (texts ?? []).map((text) => text.trim()).filter(Boolean);
  if (to.length === 0) section.problem('to', 'needs at least one address');
  else if (!to.every(isMailbox))
    section.problem('to', 'expected addresses such as team@example.org or "Team" <team@example.org>');
  return to;
}

function readFrom(section: Section, key: string): string | undefined {
  const from = section.text(key);
  if (from !== undefined && !isMailbox(from))
    section.problem(key, 'expected an address such as tidewaiter@example.org');
  return from;
}

/**
 * Whether the text is a mail address. Strict enough that it cannot start another header or
 * recipient and is no template; the mail host validates the rest.
 */
function isMailbox(text: string): boolean {
  const [, bracketed] = /^(?:"[^"<>\r\n]*" *|[^"<>,\r\n]*)<([^<>]*)>$/.exec(text) ?? [];
  return /^[^\s\p{Cc}"<>(){},;:@\\]+@[^\s\p{Cc}"<>(){},;:@\\]+$/u.test(bracketed ?? text);
}

function readMailHost(section: Section, key: string): MailHost | undefined {
  const text = section.text(key);
  if (text === undefined) return undefined;
  const [, v6, name, port] = /^(?:\[([0-9A-Fa-f]*:[0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  if (host && Number(port) >= 1 && Number(port) <= 65_535) return { host, port: Number(port) };
  section.problem(key, 'expected host:port');
  return undefined;
}

function readAuth(section: Section, defaults: EmailDefaults): MailAuth | undefined {
  const username = section.text('auth_username') ?? defaults.username;
  const identity = section.text('auth_identity') ?? defaults.identity;
  const own = { password: section.secret('auth_password'), secret: section.secret('auth_secret') };
  // Alertmanager accepts both and lets the mail host choose; here a password, which works with
  // every mechanism, wins over the secret, which works with CRAM-MD5 only.
  const { password, secret } = own.password || own.secret ? own : defaults;
  const proof = password ?? secret;
  if (username !== undefined && proof)
    return {
      username,
      identity: identity === username ? undefined : identity,
      password: proof,
      isCramMd5: password === undefined,
    };
  // With half of the credentials ignored, mail would go out unauthenticated without the operator's
  // intent.
  if (username !== undefined) section.problem('auth_password', 'is required with auth_username, or auth_secret');
  if (proof) section.problem('auth_username', `is required with ${password ? 'auth_password' : 'auth_secret'}`);
  return undefined;
}

function readHeaders(section: Section): Map<string, string> {
  const headers = new Map<string, string>();
  const seen = new Set<string>();
  for (const [name, value] of section.pairs('headers')) {
    if (!/^[\x21-\x39\x3b-\x7e]+$/.test(name))
      section.problem('headers', `${showKey(name)} has characters that a header's name cannot have`);
    else if (/[\r\n\0]/.test(value)) section.problem('headers', `${showKey(name)} must be one line`);
    else if (value.includes('{{')) section.ignored('headers', ` under ${showKey(name)}${templated}`);
    else if (seen.has(name.toLowerCase()))
      section.problem('headers', `${showKey(name)} differs from another name in case only`);
    else headers.set(name, value);
    seen.add(name.toLowerCase());
  }
  return headers;
}
