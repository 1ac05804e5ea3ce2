import { logLevel } from './receipt.js';

describe('logLevel', () => {
  it.each([
    [1, { malformed: 1 }, 'info'],
    [0, { malformed: 2, pull: 1 }, 'warn'],
    [0, { pull: 3 }, 'debug'],
    [0, {}, 'debug'],
  ])('logs a webhook of %i facts that ignored %j at %s', (facts, ignored, level) => {
    expect(logLevel(facts, ignored)).toBe(level);
  });
});
