import type { JsonObject } from '@tidewaiter/domain';

import { fitted, maxEventBytes } from './record-size.js';

describe('fitted', () => {
  it('leaves what fits as it is', () => {
    const event = { a: 'x'.repeat(100_000), b: [1] };
    expect(fitted(event)).toEqual({ event, json: JSON.stringify(event), isCut: false });
  });

  it.each([
    ['texts', { keep: 'me', long: '\u0001'.repeat(100_000) }],
    ['lists', { keep: 'me', many: Array.from({ length: 100_000 }, () => ({ a: 'b' })) }],
    [
      'members',
      { keep: 'me', ...Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key${index}`, index])) },
    ],
    ['names', { keep: 'me', ['k'.repeat(300_000)]: 1 }],
  ])('cuts %s, and keeps the rest', (_, event) => {
    const kept = fitted(event);
    expect(kept).toMatchObject({ event: { keep: 'me' }, isCut: true });
    expect(Buffer.byteLength(kept.json)).toBeLessThanOrEqual(maxEventBytes);
    expect(kept.json).toBe(JSON.stringify(kept.event));
  });

  it('leaves members out that are too large in too many places', () => {
    const level = (depth: number): object =>
      depth === 0
        ? { t: 'x'.repeat(200) }
        : Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, level(depth - 1)]));
    const event = { verb: 'create', objectRef: { resource: 'pods' }, ...(level(3) as JsonObject) };
    const kept = fitted(event);
    expect(kept).toMatchObject({ event: { verb: 'create', objectRef: { resource: 'pods' } }, isCut: true });
    expect(Buffer.byteLength(kept.json)).toBeLessThanOrEqual(maxEventBytes);
  });
});
