import { ConsoleConfig } from '../config.js';
import { AttemptCookie, safePath } from './attempt-cookie.js';

const cookieAt = (publicUrl: string) =>
  new AttemptCookie(
    new ConsoleConfig({
      TIDEWAITER_DATABASE_URL: 'postgres://localhost/x',
      TIDEWAITER_NATS_URL: 'nats://localhost',
      TIDEWAITER_CONSOLE_URL: publicUrl,
    }),
  );
const attempt = { state: 's', nonce: 'n', verifier: 'v', next: '/images?q=a' };

describe('AttemptCookie', () => {
  it.each([
    ['http://127.0.0.1:7080', 'tidewaiter_sign_in', 'Path=/api/v1/sign-in; HttpOnly; SameSite=Lax'],
    ['https://tidewaiter.example/', '__Host-tidewaiter_sign_in', 'Path=/; HttpOnly; SameSite=Lax; Secure'],
    ['https://example.com/t', 'tidewaiter_sign_in', 'Path=/t/api/v1/sign-in; HttpOnly; SameSite=Lax; Secure'],
  ])('holds the attempt of a browser at %s', (publicUrl, name, attributes) => {
    const cookie = cookieAt(publicUrl);
    const [, value] = /=([\w-]+); Max-Age=600; (.*)$/.exec(cookie.holding(attempt))!;
    expect(cookie.holding(attempt)).toBe(`${name}=${value}; Max-Age=600; ${attributes}`);
    expect(cookie.of({ headers: { cookie: `a=b; ${name}=${value}` } })).toEqual(attempt);
  });

  it.each(['', 'bm8', Buffer.from(JSON.stringify({ ...attempt, next: 'https://evil.example' })).toString('base64url')])(
    'ignores the content %j',
    (value) => {
      const headers = { cookie: `tidewaiter_sign_in=${value}` };
      expect(cookieAt('http://127.0.0.1:7080').of({ headers })).toBeNull();
    },
  );
});

describe('safePath', () => {
  it.each(['/', '/images', '/incidents/1?tab=a&q=x%20y#z'])('keeps %s', (path) => {
    expect(safePath(path)).toBe(path);
  });

  it.each([
    ...[undefined, '', 'images', 'https://evil.example/', '//evil.example', '/\\evil.example', '/\t/evil.example'],
    ...[
      '/\n/evil.example',
      '\\\\evil.example',
      'javascript:alert(1)',
      '/a\r\nset-cookie: x=y',
      `/${'a'.repeat(2_001)}`,
    ],
  ])('replaces %j by the first page', (path) => {
    expect(safePath(path)).toBe('/');
  });
});
