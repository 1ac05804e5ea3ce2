import { SignInLimit } from './sign-in-limit.js';

const refused = (limit: SignInLimit, address: string, nowMs: number): number | null => {
  try {
    limit.take(address, nowMs);
    return null;
  } catch (error) {
    return (error as { retryAfterMs: number }).retryAfterMs;
  }
};

describe('SignInLimit', () => {
  it('refuses an address after thirty attempts in a minute, and no other', () => {
    const limit = new SignInLimit();
    for (let attempt = 0; attempt < 30; attempt += 1) expect(refused(limit, 'a', 100_000 + attempt)).toBeNull();
    expect(refused(limit, 'a', 110_000)).toBe(50_000);
    expect(refused(limit, 'b', 110_000)).toBeNull();
    expect(refused(limit, 'a', 160_000)).toBeNull();
  });

  it('refuses all addresses after six hundred attempts in a minute', () => {
    const limit = new SignInLimit();
    for (let attempt = 0; attempt < 600; attempt += 1) expect(refused(limit, `${attempt}`, 100_000)).toBeNull();
    expect(refused(limit, 'new', 100_000)).toBe(60_000);
    expect(refused(limit, 'new', 160_000)).toBeNull();
  });
});
