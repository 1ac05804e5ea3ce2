/**
 * Rate at which expired rows are deleted from the tables that every webhook and event fills, beside
 * one that fills them, and the longest batch. See README.md.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { connect, Store } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { deleteExpired } from '../libs/store/dist/core/sweeper.js';
import { report } from './ceilings.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '200000' } } });
const rows = Number(values.rows);
/** Rows of each table for one webhook: events, inboxes of their consumers, jobs. */
const perWebhook = { received: 1, outbox: 3, inbox: 6, job: 2 };
const targets = { webhooks: 1_000, batchMs: 1_000 };

const servers = await throwAwayServers({ postgres: true }, { fsync: true });
const database = await connect({
  url: new Secret(await servers.postgres.createDatabase()),
  poolSize: 4,
  name: 'bench',
});
const store = new Store(database, 'bench');
try {
  await store.query(
    `INSERT INTO received (connection, delivery_key, received_at)
     SELECT 'c', n::text, now() - interval '9 days' FROM generate_series(1, $1::int) AS n`,
    [rows * perWebhook.received],
  );
  await store.query(
    `INSERT INTO outbox (id, type, channel, subject, source, data, published_at, confirmed_at)
     SELECT gen_random_uuid(), 'dev.tidewaiter.registry.pushed.v1', 'c', 's', 's', jsonb_build_object('repository', 'shop/app', 'tag', n::text),
       now() - interval '9 days', now() - interval '9 days' FROM generate_series(1, $1::int) AS n`,
    [rows * perWebhook.outbox],
  );
  await store.query(
    `INSERT INTO inbox (consumer, event_id, handled_at) SELECT 'scanner', gen_random_uuid(), now() - interval '20 days' FROM generate_series(1, $1::int)`,
    [rows * perWebhook.inbox],
  );
  await store.query(
    `INSERT INTO job (id, queue, key, class, state, finished_at, turn) SELECT gen_random_uuid(), 'push', n::text, 'interactive', 'done', now() - interval '9 days', gen_random_uuid()
     FROM generate_series(1, $1::int) AS n`,
    [rows * perWebhook.job],
  );
  await store.query('VACUUM ANALYZE');
  const before = await counted();
  let longestMs = 0;
  const began = performance.now();
  for (let isMore = true; isMore;) {
    const batch = performance.now();
    isMore = await store.transaction((tx) => deleteExpired(tx, 'often', 'bench'));
    longestMs = Math.max(longestMs, performance.now() - batch);
  }
  const seconds = (performance.now() - began) / 1_000;
  const deleted = before - (await counted());
  const perSecond = deleted / seconds;
  const webhooks = perSecond / Object.values(perWebhook).reduce((sum, each) => sum + each, 0);
  report('rows deleted', deleted, '');
  report('rows a second', perSecond, '');
  report('webhooks a second whose rows they are', webhooks, webhooks < targets.webhooks ? ', below the target' : '');
  report('longest batch', longestMs, ` ms${longestMs > targets.batchMs ? ', over the target' : ''}`);
  if (webhooks < targets.webhooks || longestMs > targets.batchMs) process.exitCode = 1;
} finally {
  await database.destroy();
  await servers.stop();
}

async function counted(): Promise<number> {
  const [row] = await store.query<{ count: number }>(
    `SELECT ((SELECT count(*) FROM received) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM inbox) + (SELECT count(*) FROM job))::float8 AS count`,
  );
  return row!.count;
}
