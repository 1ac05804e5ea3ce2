import * as fc from 'fast-check';
import { validate, version } from 'uuid';

import { type DeliveryCause, deliveryId } from './delivery-id.js';

const place = { receiver: 'team', channel: 'slack', integration: 0, groupKey: '{}/{}:{}' };

const names = fc.oneof(fc.string(), fc.constantFrom('a', 'a,b', '"', '","'), fc.integer());
const causes = fc
  .tuple(fc.constantFrom('push', 'finding', 'state', 'correction'), fc.array(names, { maxLength: 3 }))
  .map(([kind, parts]) => [kind, ...parts] as DeliveryCause);
const inputs = fc.tuple(
  causes,
  fc.record({ receiver: fc.string(), channel: fc.string(), integration: fc.nat(3), groupKey: fc.string() }),
  fc.nat(3),
);

describe('deliveryId', () => {
  it('is the same for the same fact and place, in every process and release', () => {
    const id = deliveryId(['state', '0198a8f2-0000-7000-8000-000000000000', 3], place, 0);
    expect(id).toBe('123586c8-6937-8053-a710-ac3f440e72d3');
  });

  it('is a UUID of version 8', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const id = deliveryId(...input);
        return validate(id) && version(id) === 8;
      }),
    );
  });

  it('differs where the fact, its revision, the place or the occurrence differs', () => {
    fc.assert(
      fc.property(inputs, inputs, (one, other) => {
        const isSame = JSON.stringify(normal(one)) === JSON.stringify(normal(other));
        expect(deliveryId(...one) === deliveryId(...other)).toBe(isSame);
      }),
      { numRuns: 2_000 },
    );
    const revisions = Array.from({ length: 10_000 }, (_, revision) => deliveryId(['state', 'a', revision], place, 0));
    expect(new Set(revisions).size).toBe(10_000);
  });

  function normal([cause, { receiver, channel, integration, groupKey }, occurrence]: Parameters<typeof deliveryId>) {
    return [cause, receiver, channel, integration, groupKey, occurrence];
  }
});
