import { InvalidInput } from '@tidewaiter/domain';

import { quay } from './quay.js';

const about = { repository: 'shop/app', namespace: 'shop', name: 'app', docker_url: 'quay.example.com/shop/app' };
const parse = (more: object) => quay.parse({ headers: {}, body: Buffer.from(JSON.stringify({ ...about, ...more })) });

describe('quay', () => {
  it('reads one push for each tag that moved', () => {
    const { events } = parse({ updated_tags: ['1.0', 'latest'] });
    expect(events).toMatchObject([
      { outcome: 'push', registry: 'quay.example.com', repository: 'shop/app', tag: '1.0', digest: null },
      { outcome: 'push', tag: 'latest' },
    ]);
    expect(new Set(events.map(({ deliveryKey }) => deliveryKey)).size).toBe(2);
  });

  it('reads the map of tags of older versions, whose ids are no digests', () => {
    expect(parse({ updated_tags: { latest: 'ab'.repeat(32) } }).events).toMatchObject([
      { tag: 'latest', digest: null },
    ]);
  });

  it.each([
    [{ vulnerability: { id: 'CVE-1' }, tags: ['1', '2'] }, { scan: 2 }],
    [{ vulnerability: { id: 'CVE-1' } }, { scan: 1 }],
    [{ build_id: 'b', docker_tags: ['latest'] }, { ignore: 1 }],
    [{ updated_tags: [] }, { ignore: 1 }],
    [{ updated_tags: ['not a tag'] }, { malformed: 1 }],
  ])('counts %j', (more, ignored) => {
    expect(parse(more)).toEqual({ events: [], ignored });
  });

  it('refuses what is no notification of Quay', () => {
    expect(() => quay.parse({ headers: {}, body: Buffer.from('{"text":"a push"}') })).toThrow(InvalidInput);
  });
});
