import { countForRequest, decodeEntry, encodeEntry, type OutboxEntry } from './outbox-entry.js';

const limits = { packedBytes: 100, bytes: 1_000, events: 10 };
const entry = (more: Partial<OutboxEntry> = {}): OutboxEntry => ({
  ...{ source: 'falco', atMs: 1, events: 1, bytes: 10, packed: Buffer.alloc(10) },
  ...more,
});

describe('decodeEntry', () => {
  it('reverses encodeEntry, whatever the bytes are', () => {
    const packed = Buffer.from([10, 0, 255, 10, 123]);
    expect(decodeEntry(encodeEntry(entry({ packed })))).toEqual(entry({ packed }));
  });
});

describe('countForRequest', () => {
  it.each([
    ['no entries', [], 0],
    ['entries within the limits', [entry(), entry(), entry()], 3],
    ['one source', [entry(), entry(), entry({ source: 'tetragon' }), entry()], 2],
    ['packed bytes', Array.from({ length: 20 }, () => entry()), 10],
    ['unpacked bytes', Array.from({ length: 5 }, () => entry({ bytes: 400 })), 2],
    ['events', Array.from({ length: 5 }, () => entry({ events: 6 })), 1],
    ['an entry above the limits, alone', [entry({ bytes: 5_000 }), entry()], 1],
  ])('counts %s', (_, entries, count) => {
    expect(countForRequest(entries, limits)).toBe(count);
  });
});
