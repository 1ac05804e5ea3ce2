import { sampleMessage, sampleDelivery } from '../samples/outgoing-messages.js';
import { dedupKey } from './dedup-key.js';

describe('dedupKey', () => {
  it('has one key for an incident until its end, and one for each group of other alerts', () => {
    const incident = (identity: string, groupKey: string) =>
      dedupKey({
        ...sampleDelivery(sampleMessage({ kind: 'incident' })),
        groupKey,
        alerts: [{ identity, labels: {}, annotations: {}, status: 'firing', startsAt: '', endsAt: null }],
      });
    expect(incident('a', 'g1')).toBe(incident('a', 'g2'));
    expect(incident('a', 'g1')).not.toBe(incident('b', 'g1'));
  });
});
