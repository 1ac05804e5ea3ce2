import type { AdvisoryFeed, OsvAdvisory } from '@tidewaiter/advisories';

import type { AdvisoryKeeper } from './advisory-keeper.js';
import { bothKeepers } from './both-keepers.js';

interface MemoryKeeper {
  keeper: AdvisoryKeeper;
  feeds: Map<string, AdvisoryFeed>;
  ids: Map<string, number>;
}

/** A keeper in memory. */
function memory(known: Record<string, number> = {}): MemoryKeeper {
  const feeds = new Map<string, AdvisoryFeed>();
  const ids = new Map(Object.entries(known));
  const keeper: AdvisoryKeeper = {
    update: async (work) => work(),
    feed: async (name) => feeds.get(name) ?? null,
    noteFeed: async (feed) => void feeds.set(feed.name, feed),
    known: async (asked) => new Map([...ids].filter(([id]) => asked.includes(id))),
    put: async (advisories) => {
      for (const { id } of advisories) ids.set(id, 1);
      return advisories.length;
    },
    idsOf: async () => [...ids.keys()],
    retire: async (_, gone) => gone.forEach((id) => ids.delete(id)),
    putKev: async (entries) => entries.length,
    putEpss: async () => 0,
    putEndOfLife: async () => 0,
    putRepositories: async () => 0,
  };
  return { keeper, feeds, ids };
}

const feed = (checkedAt: string): AdvisoryFeed => ({
  name: 'npm',
  origin: 'https://example.com/npm/all.zip',
  etag: checkedAt,
  lastModified: null,
  asOf: checkedAt,
  checkedAt,
  changedAt: checkedAt,
  records: 1,
  rejected: 0,
});
const record = (id: string) => ({ id }) as OsvAdvisory;

describe('bothKeepers', () => {
  it('requests a feed again that one of the two has never read', async () => {
    const [one, other] = [memory(), memory()];
    const both = bothKeepers(one.keeper, other.keeper);
    one.feeds.set('npm', feed('2026-01-01T00:00:00Z'));
    expect(await both.feed('npm')).toBeNull();
    other.feeds.set('npm', feed('2026-01-02T00:00:00Z'));
    expect(await both.feed('npm')).toMatchObject({ etag: '2026-01-01T00:00:00Z' });
  });

  it('knows only records of both, as of the older reading', async () => {
    const both = bothKeepers(memory({ A: 5, B: 7 }).keeper, memory({ B: 6, C: 1 }).keeper);
    expect([...(await both.known(['A', 'B', 'C']))]).toEqual([['B', 6]]);
  });

  it('writes to both and removes from both', async () => {
    const [one, other] = [memory(), memory({ OLD: 1 })];
    const both = bothKeepers(one.keeper, other.keeper);
    expect(await both.put([record('NEW')])).toBe(1);
    expect((await both.idsOf('npm')).toSorted()).toEqual(['NEW', 'OLD']);
    await both.retire('npm', ['OLD']);
    expect([[...one.ids.keys()], [...other.ids.keys()]]).toEqual([['NEW'], ['NEW']]);
  });
});
