import { parseSettings } from '@tidewaiter/runtime';

import { ConsoleConfig } from '../config.js';
import { SessionCookie } from './session-cookie.js';

const cookieAt = (publicUrl?: string, tlsCertFile?: string) =>
  new SessionCookie(
    new ConsoleConfig({
      TIDEWAITER_DATABASE_URL: 'postgres://localhost/x',
      TIDEWAITER_NATS_URL: 'nats://localhost',
      TIDEWAITER_CONSOLE_URL: publicUrl,
      TIDEWAITER_TLS_CERT_FILE: tlsCertFile,
    }),
    parseSettings('', () => ''),
  );
const secret = 'a'.repeat(43);

describe('SessionCookie', () => {
  it.each([
    [undefined, 'tidewaiter_session', 'Path=/api; HttpOnly; SameSite=Strict'],
    ['http://127.0.0.1:7080', 'tidewaiter_session', 'Path=/api; HttpOnly; SameSite=Strict'],
    ['https://tidewaiter.example.com/', '__Host-tidewaiter_session', 'Path=/; HttpOnly; SameSite=Strict; Secure'],
    [
      'https://example.com/security/tidewaiter',
      'tidewaiter_session',
      'Path=/security/tidewaiter/api; HttpOnly; SameSite=Strict; Secure',
    ],
  ])('holds the session of a console that is published at %s', (publicUrl, name, attributes) => {
    const cookie = cookieAt(publicUrl);
    expect(cookie.holding(secret)).toBe(`${name}=${secret}; Max-Age=604800; ${attributes}`);
    expect(cookie.removed()).toBe(`${name}=; Max-Age=0; ${attributes}`);
    expect(cookie.of({ headers: { cookie: `other=1; ${name}=${secret}; last=2` } })).toBe(secret);
  });

  it('goes over TLS only where the console itself listens with TLS', () => {
    expect(cookieAt(undefined, 'tls.crt').holding(secret)).toMatch(/^__Host-.*; Secure$/);
  });

  it.each([
    ['a cookie without the prefix', `tidewaiter_session=${secret}`],
    ['a cookie whose name ends alike', `x__Host-tidewaiter_session=${secret}`],
    ['a value of another length', `__Host-tidewaiter_session=${secret}a`],
    ['a value with other characters', `__Host-tidewaiter_session=${'a'.repeat(42)}%`],
    ['no cookie', undefined],
  ])('ignores %s', (_what, cookie) => {
    expect(cookieAt('https://tidewaiter.example.com').of({ headers: { cookie } })).toBeNull();
  });
});
