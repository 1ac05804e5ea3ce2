import { InvalidInput, TidewaiterError, Unavailable } from '@tidewaiter/domain';

import { failureOf, isOutage } from './failure.js';

const storeAway = new Unavailable('STORE_UNAVAILABLE', 'away');
const registryAway = new Unavailable('REGISTRY_UNAVAILABLE', 'no answer');

describe('failureOf', () => {
  it.each([
    [1, 1_000],
    [2, 5_000],
    [5, 600_000],
    [9, 600_000],
  ])('requeues after failure %i in %i ms', (attempt, delayMs) => {
    expect(failureOf(registryAway, attempt, 10)).toEqual({ action: 'retry', delayMs });
    expect(failureOf(new TypeError('a bug, which may be a passing one'), attempt, 10)).toEqual({
      action: 'retry',
      delayMs,
    });
  });

  it.each([
    ['after all attempts', registryAway, 6, { code: 'REGISTRY_UNAVAILABLE', reason: 'no answer' }],
    ['a bug after all attempts', new TypeError('x is undefined'), 6, { code: 'INTERNAL', reason: 'x is undefined' }],
    ['what is no error at all', 'thrown', 6, { code: 'INTERNAL', reason: 'thrown' }],
    ['bad input at once', new InvalidInput('BAD', 'never'), 1, { code: 'BAD', reason: 'never' }],
  ])('dead-letters %s', (_, error, attempt, expected) => {
    expect(failureOf(error, attempt, 6)).toEqual({ action: 'give-up', ...expected });
  });

  it.each(['STORE_UNAVAILABLE', 'BUS_UNAVAILABLE'])('never dead-letters %s', (code) => {
    const outage = new TidewaiterError(code, 'away');
    expect(isOutage(outage)).toBe(true);
    expect(failureOf(outage, 1_000, 6)).toEqual({ action: 'retry', delayMs: 0 });
  });

  it('treats only Unavailable as an outage', () => {
    expect([registryAway, new Error('STORE_UNAVAILABLE'), null].map(isOutage)).toEqual([false, false, false]);
    expect(isOutage(storeAway)).toBe(true);
  });

  it('returns a reason without secrets', () => {
    const failure = failureOf(new InvalidInput('URL_INVALID', 'mail with --password Zq7kTw9Rb2 was refused'), 1, 6);
    expect(failure).toMatchObject({ reason: expect.stringMatching(/--password Zq\*+ was/) });
  });
});
