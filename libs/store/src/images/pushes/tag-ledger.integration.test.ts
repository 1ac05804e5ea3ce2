import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { Images } from '../images.js';
import { PushTrends } from './push-trends.js';
import { type NewPush, type Push, Pushes } from './pushes.js';
import { TagLedger } from './tag-ledger.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const place = { connection: 'main', repository: 'app' };
const second = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 8, 19, seconds)).toISOString();

describe('TagLedger', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;
  let pushes: Pushes;
  let ledger: TagLedger;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
  });

  beforeEach(async () => {
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
    store = new Store(dataSource, 'test');
    pushes = new Pushes(store);
    ledger = new TagLedger(store);
  });

  afterEach(async () => dataSource.destroy());

  afterAll(async () => servers.stop());

  const add = async (more: Partial<NewPush> = {}): Promise<Push> => {
    const about = {
      tag: '1',
      claimedDigest: null,
      artifact: 'image',
      attachedTo: null,
      pushedBy: null,
      pushedAt: null,
    };
    const [id] = await store.transaction((tx) => pushes.add(tx, [{ ...place, ...about, ...more }]));
    return (await pushes.get(id!))!;
  };

  /** Handles a push as the scanner does, with the registry's answer at that moment. */
  const handle = async (letter: string, registry: string | null, more: Partial<NewPush> = {}) => {
    const push = await add(more);
    const askedAt = await ledger.now();
    const answer = { digest: registry && digestOf(registry), askedAt };
    const placed = await store.transaction((tx) => ledger.place(tx, push, digestOf(letter), answer));
    return { ...placed, push: (await pushes.get(push.id))! };
  };

  const analyzed = async ({ id }: Push) => {
    await store.query(`UPDATE push SET state = 'analyzed', registry_host = 'r:5000' WHERE id = $1`, [id]);
  };

  const entries = async (tag = '1') => {
    const rows = await store.query<{ digest: string | null; isSeen: boolean }>(
      'SELECT digest, is_seen AS "isSeen" FROM tag_ledger WHERE tag = $1 ORDER BY position',
      [tag],
    );
    return rows.map(({ digest, isSeen }) => `${digest?.[7] ?? '-'}${isSeen ? '?' : ''}`).join(' ');
  };

  const current = async () =>
    (await pushes.current({ registry: 'r:5000', repository: 'app', tag: '1' }))?.digest ?? null;
  const latest = async () =>
    (await pushes.latest({ host: 'r:5000', repository: 'app', tag: '1', digest: null }))?.digest;

  it('places a late push before the current one', async () => {
    const newer = await handle('b', 'b', { pushedAt: second(34) });
    await analyzed(newer.push);
    const older = await handle('a', 'b', { pushedAt: second(31) });
    await analyzed(older.push);
    expect(await entries()).toBe('a b');
    expect([await current(), await latest()]).toEqual([digestOf('b'), digestOf('b')]);
    expect(older.push.previousDigest).toBeNull();
    expect(older.successor).toEqual({ id: newer.push.id, digest: digestOf('b') });
    expect((await pushes.get(newer.push.id))?.previousDigest).toBe(digestOf('a'));
  });

  it('has no current push until the push of the current digest arrives', async () => {
    const older = await handle('a', 'b', { pushedAt: second(1) });
    await analyzed(older.push);
    expect(await entries()).toBe('a b?');
    expect([await current(), await latest()]).toEqual([null, undefined]);
    const newer = await handle('b', 'b', { pushedAt: second(2) });
    expect(await entries()).toBe('a b');
    expect(newer.push.previousDigest).toBe(digestOf('a'));
  });

  it('assigns returned content to the earlier push until the later one arrives', async () => {
    const first = await handle('a', 'a', { pushedAt: second(1) });
    await analyzed(first.push);
    await handle('b', 'a', { pushedAt: second(2) });
    expect(await entries()).toBe('a b a?');
    expect(await current()).toBe(digestOf('a'));
    const again = await handle('a', 'a', { pushedAt: second(3) });
    expect(await entries()).toBe('a b a');
    expect(again.push.previousDigest).toBe(digestOf('b'));
  });

  it('moves seen content to the time of its own push', async () => {
    await handle('a', 'c', { pushedAt: second(1) });
    await handle('b', 'b', { pushedAt: second(4) });
    await handle('d', 'b', { pushedAt: second(2) });
    expect(await entries()).toBe('a c? d b');
    const late = await handle('c', 'b', { pushedAt: second(3) });
    expect(await entries()).toBe('a d c b');
    expect(late.push.previousDigest).toBe(digestOf('d'));
  });

  it('rejects an answer older than the last record', async () => {
    const push = await add();
    const askedAt = await ledger.now();
    await handle('b', 'b');
    const placed = await store.transaction((tx) =>
      ledger.place(tx, push, digestOf('a'), { digest: digestOf('a'), askedAt }),
    );
    expect(placed.isOutdated).toBe(true);
    expect(await entries()).toBe('b');
  });

  it('enters each push once, also concurrent ones', async () => {
    const { push } = await handle('a', 'a');
    await store.transaction(async (tx) =>
      ledger.place(tx, push, digestOf('b'), { digest: digestOf('b'), askedAt: await ledger.now() }),
    );
    expect(await entries()).toBe('a');
    const all = await Promise.all(['b', 'c', 'd', 'e'].map(async (letter) => ({ letter, push: await add() })));
    for (let left = all; left.length > 0;) {
      const outcomes = await Promise.all(
        left.map(async (each) => {
          const answer = { digest: digestOf('e'), askedAt: await ledger.now() };
          const { isOutdated } = await store.transaction((tx) =>
            ledger.place(tx, each.push, digestOf(each.letter), answer),
          );
          return isOutdated ? [each] : [];
        }),
      );
      left = outcomes.flat();
    }
    expect((await entries()).split(' ').toSorted().join(' ')).toBe('a b c d e');
    expect((await entries()).at(-1)).toBe('e');
  });

  it('corrects tags by the registry, except tags with a newer record', async () => {
    await handle('a', 'a');
    await handle('a', 'a', { tag: '2' });
    await handle('a', 'a', { tag: '3' });
    const askedAt = await ledger.now();
    await handle('c', 'c', { tag: '3' });
    const seen = new Map([
      ['1', digestOf('b')],
      ['2', null],
      ['3', digestOf('a')],
      ['new', digestOf('d')],
    ]);
    expect(await store.transaction((tx) => ledger.observed(tx, place, seen, { askedAt }))).toEqual(['1', '2']);
    expect(await Promise.all(['1', '2', '3', 'new'].map(entries))).toEqual(['a b?', 'a -?', 'a c', '']);
    expect(await ledger.tags(place, { tag: null, digest: null })).toEqual(['1', '3']);
    const next = await handle('d', 'd', { tag: '2' });
    expect(next.push.previousDigest).toBeNull();
  });

  it('ignores imported images as predecessors of the same push', async () => {
    await handle('a', 'a', { origin: 'imported' });
    expect((await handle('a', 'a')).push.previousDigest).toBeNull();
    expect((await handle('a', 'a')).push.previousDigest).toBe(digestOf('a'));
  });

  it('places pushes of resolved images', async () => {
    const images = new Images(store);
    const push = await add();
    await store.transaction(async (tx) => {
      await images.add(tx, []);
      await pushes.resolved(tx, push, {
        digest: digestOf('a'),
        mediaType: 'm',
        registryHost: 'r:5000',
        imageDigests: [],
      });
    });
    expect(await entries()).toBe('a');
  });

  it('has the findings of each day, until a tag moves or is deleted', async () => {
    const now = new Date('2026-03-10T12:00:00Z');
    const trends = async () => new PushTrends(store).of(5, now);
    const put = async (tag: string, at: string | null, counts: object | null, position: number) => {
      const push = counts === null ? null : await add({ tag });
      await store.query(
        `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position) VALUES ('main', 'app', $1, $2, $3, $4, $5)`,
        [tag, push && digestOf('a'), push && push.id, at, position],
      );
      await store.query('UPDATE push SET verdict = $2, counts = $3, received_at = $4 WHERE id = $1', [
        ...[push?.id ?? null, 'fail', counts && JSON.stringify(counts), at],
      ]);
    };
    await put('1', '2026-01-01T00:00:00Z', { critical: 1, high: 2 }, 1);
    await put('1', '2026-03-07T23:59:59Z', { high: 5 }, 2);
    await put('1', '2026-03-09T00:00:00Z', null, 3);
    // A registry may give a later entry an earlier time.
    await put('2', '2026-03-08T10:00:00Z', { low: 1 }, 1);
    await put('2', '2026-03-08T09:00:00Z', { low: 3 }, 2);
    const days = await trends();
    expect(days.map(({ day, open: { critical, high, low } }) => [day, critical, high, low])).toEqual([
      ['2026-03-06', 1, 2, 0],
      ['2026-03-07', 0, 5, 0],
      ['2026-03-08', 0, 5, 3],
      ['2026-03-09', 0, 0, 3],
      ['2026-03-10', 0, 0, 3],
    ]);
    expect(days.map(({ verdicts }) => verdicts.fail)).toEqual([0, 1, 2, 0, 0]);
    expect(await new PushTrends(store).of(5, now, place)).toEqual(days);
    const [other] = await new PushTrends(store).of(5, now, { ...place, repository: 'other' });
    expect([other?.open.high, other?.verdicts.fail]).toEqual([0, 0]);
  });
});
