import type { Egress, EgressRequest } from '@tidewaiter/egress';

import { plainHttp } from './http-config.js';
import { isTemporary, isWrittenPrivate, post, retryAfterMs } from './outbound.js';

const now = new Date('2026-11-25T10:00:00Z');

describe('isTemporary', () => {
  it.each([
    ['30', 30_000],
    ['0', 0],
    ['0.5', 500],
    [' 2 ', 2000],
    ['Wed, 25 Nov 2026 10:01:00 GMT', 60_000],
    ['Wed, 25 Nov 2026 09:00:00 GMT', 0],
    ['999999999', 3_600_000],
  ])('waits as Retry-After %j asks', (value, expected) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toEqual({ retryAfterMs: expected });
  });

  it.each(['', 'soon', '1e9', '-', '٣٠'])('ignores a Retry-After of %j', (value) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toEqual({});
  });

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['10.1.2.3', true],
    ['172.16.0.1', true],
    ['172.31.255.255', true],
    ['192.168.1.1', true],
    ['100.64.0.1', true],
    ['[::1]', true],
    ['::1', true],
    ['[fd12::1]', true],
    ['[::ffff:127.0.0.1]', true],
    ['172.32.0.1', false],
    ['8.8.8.8', false],
    ['169.254.169.254', false],
    ['[2001:db8::1]', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.nip.io', false],
    ['mail', false],
    ['', false],
  ])('takes %j for a private address that the operator wrote: %s', (host, expected) => {
    expect(isWrittenPrivate(host)).toBe(expected);
  });

  it.each([
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
    [599, true],
    [400, false],
    [404, false],
    [410, false],
  ])('may retry status %i: %s', (status, expected) => {
    expect(isTemporary(status)).toBe(expected);
  });

  it.each([
    [60_000, 60_000],
    [0, 15_000],
  ])('applies a timeout of %i ms to every part of the answer', async (timeoutMs, expected) => {
    const asked: EgressRequest[] = [];
    const egress = { request: async (_: string, init: EgressRequest) => void asked.push(init) } as unknown as Egress;
    await post(
      'https://hook.example/',
      { body: '', http: plainHttp, timeoutMs },
      { egress, signal: new AbortController().signal },
    );
    expect(asked).toMatchObject([{ headersTimeoutMs: expected, bodyIdleTimeoutMs: expected }]);
  });
});
