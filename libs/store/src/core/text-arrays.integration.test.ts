import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import * as fc from 'fast-check';
import type { DataSource } from 'typeorm';

import { connect } from './data-source.js';
import { Store } from './store.js';

describe('readTextArray', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await servers.stop();
  });

  const read = async (sql: string, parameters: readonly unknown[] = []) =>
    (await store.query<{ value: unknown }>(`SELECT ${sql} AS value`, parameters))[0]!.value;

  it('returns what was stored, whatever needs quotes', async () => {
    const part = fc.constantFrom('a', ',', '"', '\\', '{', '}', ' ', 'NULL', 'null', '\n', 'é', '[0:1]={');
    const text = fc.oneof(
      fc.array(part, { maxLength: 3 }).map((parts) => parts.join('')),
      fc.constant(null),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
        expect(await read('$1::text[]', [texts])).toEqual(texts);
      }),
    );
  });

  it.each([
    [`'{}'::text[]`, []],
    [`'[5:6]={a,b}'::text[]`, ['a', 'b']],
    [
      `'{{a,b},{c,d}}'::text[]`,
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['NULL::text[]', null],
    [`ARRAY['a']::varchar[]`, ['a']],
  ])('reads %s', async (sql, value) => {
    expect(await read(sql)).toEqual(value);
  });
});
