import { ConsoleConfig } from '../config.js';
import { SessionCookie } from './session.controller.js';

describe('SessionCookie', () => {
  it.each([
    [undefined, 'Path=/api; HttpOnly; SameSite=Strict'],
    ['http://127.0.0.1:7080', 'Path=/api; HttpOnly; SameSite=Strict'],
    ['https://tidewaiter.example.com/', 'Path=/api; HttpOnly; SameSite=Strict; Secure'],
    ['https://example.com/security/tidewaiter', 'Path=/security/tidewaiter/api; HttpOnly; SameSite=Strict; Secure'],
  ])('keeps the session of a console that is published at %s', (publicUrl, attributes) => {
    const config = new ConsoleConfig({
      TIDEWAITER_DATABASE_URL: 'postgres://localhost/x',
      TIDEWAITER_NATS_URL: 'nats://localhost',
      TIDEWAITER_CONSOLE_URL: publicUrl,
    });
    expect(new SessionCookie(config).holding('x')).toBe(`tidewaiter_session=x; ${attributes}`);
  });
});
