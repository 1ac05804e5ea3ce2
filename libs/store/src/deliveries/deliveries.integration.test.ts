import { randomBytes } from 'node:crypto';

import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { Deliveries } from './deliveries.js';
import type { NewDelivery } from './delivery.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let deliveries: Deliveries;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  deliveries = new Deliveries(store);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const delivery = (more: Partial<NewDelivery<unknown>> = {}): NewDelivery<unknown> => ({
  eventId: uuidv7(),
  cause: ['push', uuidv7()],
  receiver: 'team',
  channel: 'slack',
  integration: 0,
  route: 'route',
  groupKey: '{}',
  groupLabels: {},
  alerts: [],
  message: {},
  edition: null,
  ...more,
});

const add = async (...all: NewDelivery<unknown>[]) => store.transaction((tx) => deliveries.add(tx, all));

describe('Deliveries', () => {
  it('keeps a delivery as sent when a failure is recorded late', async () => {
    const [id = ''] = await add(delivery());
    await deliveries.begin(id, 1);
    await store.transaction((tx) => deliveries.sent(tx, [{ id, reference: '1.1', note: null }]));
    await deliveries.retrying(id, { attempt: 1, code: 'STORE_UNAVAILABLE', reason: 'lost', inMs: 1, wasTried: true });
    expect(await store.transaction((tx) => deliveries.failed(tx, id, 1, 'STORE_UNAVAILABLE', 'lost'))).toBe(false);
    expect(await deliveries.get(id)).toMatchObject({ state: 'sent', reference: '1.1', code: null, nextAt: null });
  });

  it('adds one message for each event and group, also with long group labels', async () => {
    // Random, because PostgreSQL would compress a repetition before it indexes it.
    const long = delivery({ groupKey: randomBytes(20_000).toString('base64') });
    const added = [await add(long), await add(long), await add({ ...long, groupKey: `${long.groupKey}x` })];
    expect(added.map((ids) => ids.length)).toEqual([1, 0, 1]);
  });

  it('gives a message the same id after a restore, and each occurrence of a fact its own', async () => {
    const cause = ['finding', 'opened', uuidv7(), 'CVE-2026-1'] as const;
    const report = async () => {
      const ids = [];
      // Events have other ids when their work is repeated on a restored database.
      for (let event = 0; event < 3; event += 1) ids.push(...(await add(delivery({ cause, eventId: uuidv7() }))));
      return ids;
    };
    const before = await report();
    expect(new Set(before).size).toBe(3);
    await store.query('DELETE FROM delivery WHERE id = ANY($1)', [before]);
    expect(await report()).toEqual(before);
    expect(await add(delivery({ cause: [...cause, 'kev'] }))).not.toContain(before[0]);
  });

  it.each([
    ['analysis of a push', ['push', uuidv7(), 'analyzed']],
    ['revision of an incident', ['state', uuidv7(), 1, 'opened']],
  ] as const)('adds one message about the %s, whichever events report it', async (_, cause) => {
    const ids = await Promise.all(Array.from({ length: 6 }, async () => add(delivery({ cause }))));
    expect(ids.flat()).toHaveLength(1);
  });

  it('begins in doubt while the database may be a copy that lacks what was sent', async () => {
    const isInDoubt = async () => {
      const [id = ''] = await add(delivery({ edition: 'own' }));
      const begun = await deliveries.begin(id, 1);
      if (begun.how !== 'begun') throw new Error(begun.how);
      expect(begun.thread?.isInDoubt).toBe(begun.isInDoubt);
      return begun.isInDoubt;
    };
    const beat = async (age: string) =>
      store.query(`UPDATE database_life SET beat = beat + 1, beaten_at = now() - $1::interval`, [age]);
    const restore = async (recognized: string, copied: string) =>
      store.query(
        `UPDATE database_life SET restore = jsonb_build_object('recognizedAt', now() - $1::interval, 'copyOf', now() - $2::interval)`,
        [recognized, copied],
      );
    expect(await isInDoubt()).toBe(false);
    await beat('6 seconds');
    expect(await isInDoubt()).toBe(true);
    await beat('0 seconds');
    expect(await isInDoubt()).toBe(false);
    // The work of nine hours is repeated in nine hours, and some.
    await restore('1 hour', '10 hours');
    expect(await isInDoubt()).toBe(true);
    await restore('11 hours', '20 hours');
    expect(await isInDoubt()).toBe(false);
  });

  it('adds the messages of two events about one fact that come at the same time', async () => {
    const cause = ['push', uuidv7(), 'reexamined'] as const;
    const ids = await Promise.all(Array.from({ length: 6 }, async () => add(delivery({ cause }))));
    expect(ids.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(ids.flat()).size).toBe(6);
  });

  it('names a message that can be corrected by its own id', async () => {
    const [id = ''] = await add(delivery({ edition: 'own' }));
    expect(await deliveries.get(id)).toMatchObject({ edition: { subject: id, revision: 1 } });
  });

  it('lists the newest first, over all pages', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 7; each += 1) ids.push(...(await add(delivery({ receiver: 'paged' }))));
    const listed: string[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const page = await deliveries.list({ limit: 3, after }, { receiver: 'paged', since: new Date(0) });
      listed.push(...page.items.map(({ id }) => id));
      after = page.next;
    }
    expect(listed).toEqual(ids.toReversed());
  });

  it('supersedes a message when its channel has a newer edition', async () => {
    const of = (revision: number, more: Partial<NewDelivery<unknown>> = {}) =>
      delivery({ edition: { subject: 'incident', revision }, ...more });
    const ids = await add(of(1), of(2), of(1, { receiver: 'other' }), delivery());
    const begun = await Promise.all(ids.map(async (id) => (await deliveries.begin(id, 1)).how));
    expect(begun).toEqual(['superseded', 'begun', 'begun', 'begun']);
    expect(await deliveries.get(ids[0]!)).toMatchObject({ state: 'superseded', finishedAt: expect.any(Date) });
  });

  it('keeps a message when the newer edition failed', async () => {
    const [older = '', newer = ''] = await add(
      delivery({ edition: { subject: 'incident', revision: 1 } }),
      delivery({ edition: { subject: 'incident', revision: 2 } }),
    );
    await store.transaction((tx) => deliveries.failed(tx, newer, 1, 'SLACK_DENIED', 'no'));
    expect(await deliveries.begin(older, 1)).toMatchObject({ how: 'begun' });
  });

  it('begins many attempts at once and returns each delivery as it was before', async () => {
    const ids = await add(...Array.from({ length: 20 }, () => delivery()));
    await store.transaction((tx) => deliveries.sent(tx, [{ id: ids[0]!, reference: null, note: 'refused by one' }]));
    await deliveries.begin(ids[1]!, 1);
    const begun = await Promise.all([...ids, uuidv7()].map(async (id) => deliveries.begin(id, 2)));
    expect(begun.map(({ how }) => how)).toEqual(['ended', ...Array.from({ length: 19 }, () => 'begun'), 'ended']);
    expect(begun[1]).toMatchObject({ delivery: { id: ids[1], state: 'sending', attempt: 1 } });
    expect(begun[2]).toMatchObject({ delivery: { id: ids[2], state: 'pending', attempt: 0 } });
    expect(await deliveries.get(ids[2]!)).toMatchObject({ state: 'sending', attempt: 2 });
    expect(await deliveries.get(ids[0]!)).toMatchObject({ state: 'sent', reason: 'refused by one' });
  });

  describe('thread of a subject', () => {
    const edition = async (revision: number, more: Partial<NewDelivery<unknown>> = {}) => {
      const [id = ''] = await add(
        delivery({ edition: { subject: 'incident', revision }, message: { revision }, ...more }),
      );
      return id;
    };
    const sent = async (id: string, reference: string) => {
      await deliveries.begin(id, 1);
      await store.transaction((tx) => deliveries.sent(tx, [{ id, reference, note: null }]));
    };

    it('contains the earlier messages of the channel', async () => {
      await sent(await edition(1), 'C1/1.1');
      await sent(await edition(1, { receiver: 'other' }), 'C2/7.7');
      await sent(await edition(2), 'C1/1.2');
      expect(await deliveries.begin(await edition(3), 1)).toMatchObject({
        thread: {
          first: { revision: 1, reference: 'C1/1.1', message: { revision: 1 } },
          last: { revision: 2, reference: 'C1/1.2', message: { revision: 2 } },
          isInDoubt: false,
        },
      });
      expect(
        (await store.transaction((tx) => deliveries.channelsOf(tx, 'incident'))).map(({ receiver }) => receiver),
      ).toEqual(['other', 'team']);
    });

    it('is null without a subject, and empty for the first message', async () => {
      const [alone = ''] = await add(delivery());
      expect(await deliveries.begin(alone, 1)).toMatchObject({ thread: null });
      const nothing = { first: null, last: null, isInDoubt: false };
      expect(await deliveries.begin(await edition(1), 1)).toMatchObject({ thread: nothing });
    });

    it('waits for an older edition that is being sent', async () => {
      const first = await edition(1);
      expect(await deliveries.begin(first, 1)).toMatchObject({ how: 'begun' });
      const second = await edition(2);
      expect(await deliveries.begin(second, 1)).toMatchObject({ how: 'waits' });
      await store.transaction((tx) => deliveries.sent(tx, [{ id: first, reference: 'C1/1.1', note: null }]));
      expect(await deliveries.begin(second, 2)).toMatchObject({ how: 'begun' });
    });

    it('reports that an unconfirmed message may have arrived', async () => {
      const first = await edition(1);
      await deliveries.begin(first, 1);
      const second = await edition(2);
      // Its holder died, and the next attempt finds a newer edition.
      expect(await deliveries.begin(first, 2)).toMatchObject({ how: 'superseded' });
      expect(await deliveries.begin(second, 1)).toMatchObject({
        how: 'begun',
        thread: { last: null, isInDoubt: true },
      });
    });

    it('sends only one of two editions that begin at once', async () => {
      const ids = [await edition(1), await edition(2)];
      const begun = await Promise.all(ids.map(async (id) => (await deliveries.begin(id, 1)).how));
      expect(begun).toEqual(['superseded', 'begun']);
    });
  });

  it('reads held deliveries up to a limit of bytes, oldest first', async () => {
    const large = { text: 'x'.repeat(15 * 1024 * 1024) };
    const ids = await store.transaction((tx) =>
      deliveries.add(
        tx,
        [delivery({ message: large }), delivery({ message: large }), delivery({ message: large })],
        'a',
      ),
    );
    const held = () => store.transaction((tx) => deliveries.held(tx, 'a'));
    const first = await held();
    expect([first.deliveries.map(({ id }) => id), first.isMore]).toEqual([ids.slice(0, 2), true]);
    await store.transaction((tx) => deliveries.drop(tx, ids.slice(0, 2), 'merged', 'in another one'));
    const rest = await held();
    expect([rest.deliveries.map(({ id }) => id), rest.isMore]).toEqual([ids.slice(2), false]);
  });
});
