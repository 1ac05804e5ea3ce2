import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { AuditLog } from './audit-log.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let log: AuditLog;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
  log = new AuditLog(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

const ann = { actor: 'ann', action: 'silence.created', address: '192.0.2.1' } as const;

const act = async (subject: string, after: object = {}, work = async () => {}) =>
  log.during(ann, async () =>
    store.transaction(async (tx) => {
      tx.record({ subject, before: null, after });
      await work();
    }),
  );

/** Adds an entry for each kind of value that the log may hold. */
async function addEntries(): Promise<void> {
  await act('one');
  await act('two', { b: 1, a: [{ d: 0.1, c: 'ü\u2028"\0\ud800' }], at: new Date(0), none: undefined, list: [] });
  await act('three', { matchers: ['a="b"'] });
}

describe('AuditLog', () => {
  it('covers every earlier entry by the hash of the next', async () => {
    expect(await log.verify()).toEqual({ entries: 0, brokenAt: null, head: '0'.repeat(64) });
    await addEntries();
    const verified = await log.verify();
    expect(verified).toMatchObject({ entries: 3, brokenAt: null });
    await act('four');
    expect((await log.verify()).head).not.toBe(verified.head);
  });

  it('chains entries that are added at the same time', async () => {
    await Promise.all(Array.from({ length: 40 }, async (_, index) => act(`${index}`)));
    expect(await log.verify()).toMatchObject({ entries: 40, brokenAt: null });
  });

  it('misses entries that were cut off', async () => {
    await addEntries();
    const { entries, head } = await log.verify();
    expect(await log.has(`${entries}:${head}`)).toBe(true);
    await store.query('DELETE FROM audit_entry WHERE number = 3');
    expect(await log.verify()).toMatchObject({ entries: 2, brokenAt: null });
    expect(await log.has(`${entries}:${head}`)).toBe(false);
    expect(await log.has('nonsense')).toBe(false);
  });

  it('has no entry of a change that was rolled back', async () => {
    const fail = async () => {
      throw new Error('no');
    };
    await expect(act('failed', {}, fail)).rejects.toThrow('no');
    await act('after');
    expect(await log.verify()).toMatchObject({ entries: 1, brokenAt: null });
  });

  it('has an entry for each change of an act, and none of acts that change nothing', async () => {
    await log.during({ ...ann, request: { why: 'known' } }, async () => {
      await store.transaction(async (tx) => {
        tx.record({ subject: 'one', before: { open: true }, after: { open: false } });
        tx.record({ subject: 'two', before: null, after: {}, actor: 'bob', action: 'session.ended' });
      });
      await store.transaction(async () => {});
    });
    await log.during(ann, async () => store.transaction(async () => {}));
    const about = await store.query('SELECT actor, action, subject, details FROM audit_entry ORDER BY number');
    expect(about).toEqual([
      {
        ...{ actor: 'ann', action: 'silence.created', subject: 'one' },
        details: { request: { why: 'known' }, before: { open: true }, after: { open: false } },
      },
      {
        ...{ actor: 'bob', action: 'session.ended', subject: 'two' },
        details: { request: { why: 'known' }, before: null, after: {} },
      },
    ]);
    expect(await log.verify()).toMatchObject({ entries: 2, brokenAt: null });
  });

  it('has no entry of changes outside of an act', async () => {
    await store.transaction(async (tx) => tx.record({ subject: 'one', before: null, after: {} }));
    expect(await log.verify()).toMatchObject({ entries: 0, brokenAt: null });
  });

  it.each([
    [`UPDATE audit_entry SET actor = 'bob' WHERE number = 2`, 2],
    [`UPDATE audit_entry SET at = at + interval '1 millisecond' WHERE number = 3`, 3],
    [`UPDATE audit_entry SET details = details || '{"a": 2}' WHERE number = 2`, 2],
    [`UPDATE audit_entry SET address = NULL WHERE number = 1`, 1],
    ['DELETE FROM audit_entry WHERE number = 2', 2],
    ['DELETE FROM audit_entry WHERE number = 1', 1],
    ['UPDATE audit_entry SET number = number + 1 WHERE number = 3', 3],
    [
      `INSERT INTO audit_entry SELECT 4, at, actor, action, subject, address, details, hash FROM audit_entry WHERE number = 3`,
      4,
    ],
  ])('finds the first entry that %s broke', async (statement, brokenAt) => {
    await addEntries();
    await store.query(statement);
    expect(await log.verify()).toMatchObject({ entries: brokenAt - 1, brokenAt });
  });
});
