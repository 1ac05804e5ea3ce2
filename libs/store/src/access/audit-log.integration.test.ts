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

const act = async (subject: string, details: object = {}, work = async () => {}) =>
  log.during({ actor: 'ann', action: 'silence.created', subject, address: '192.0.2.1', details }, async () =>
    store.transaction(work),
  );

/** Adds an entry for each kind of value that the log may hold. */
async function addEntries(): Promise<void> {
  await act('one');
  await act('two', { b: 1, a: [{ d: 0.1, c: 'ü\u2028"' }], at: new Date(0), none: undefined, list: [] });
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

  it('has one entry of an action with several transactions, and none of other work', async () => {
    const record = { actor: 'ann', action: 'delivery.redriven', subject: 'all', address: null, details: {} } as const;
    await log.during(record, async () => {
      await store.transaction(async () => {});
      await store.transaction(async () => {});
    });
    await store.transaction(async () => {});
    expect(await log.verify()).toMatchObject({ entries: 1, brokenAt: null });
    await log.during(record, async () => store.query('SELECT 1'));
    expect(await log.verify()).toMatchObject({ entries: 2, brokenAt: null });
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
