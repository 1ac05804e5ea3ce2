import { Secret } from '@tidewaiter/domain';
import { connect, Pushes, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { pushesCommand } from './pushes.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  const url = await servers.postgres.createDatabase();
  process.env['TIDEWAITER_DATABASE_URL'] = url;
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  output = captureOutput();
});

afterEach(async () => {
  output.restore();
  process.exitCode = undefined;
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await dataSource.destroy();
});

afterAll(async () => servers.stop());

async function pushes(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  pushesCommand(program);
  await program.parseAsync(['pushes', ...args], { from: 'user' });
}

/** Adds pushes that were refused, or not; returns their ids. */
async function addPushes(count: number, isRefused = true): Promise<string[]> {
  const about = { connection: 'main', tag: '1', claimedDigest: null, artifact: 'image', attachedTo: null };
  const added = Array.from({ length: count }, (_, index) => ({ ...about, repository: `app-${index}` }));
  return store.transaction(async (tx) => {
    const all = new Pushes(store);
    const ids = await all.add(
      tx,
      added.map((push) => ({ ...push, pushedBy: null, pushedAt: null })),
    );
    if (isRefused) for (const id of ids) await all.failed(tx, id, 'refused', 'LIMIT_EXCEEDED', 'too large', 'old');
    return ids;
  });
}

const queued = async () =>
  (await store.query<{ key: string }>(`SELECT key FROM job WHERE queue = 'push' ORDER BY key`)).map(({ key }) => key);

describe('pushesCommand', () => {
  it('retries the refused pushes that are named', async () => {
    const [one, other] = await addPushes(2);
    await pushes('retry', one!);
    expect(await queued()).toEqual([one]);
    const all = new Pushes(store);
    expect([(await all.get(one!))!.state, (await all.get(other!))!.state]).toEqual(['accepted', 'refused']);
    expect(output.stderr).toContain('1 of 1 will be tried again');
  });

  it('retries all refused pushes, in batches', async () => {
    const ids = await addPushes(450);
    await addPushes(1, false);
    await pushes('retry', '--all');
    expect(await queued()).toEqual(ids.toSorted());
    expect(output.stderr).toContain('450 will be tried again');
  });

  it('fails for pushes that were not refused', async () => {
    const [id] = await addPushes(1, false);
    await pushes('retry', id!);
    expect(output.stderr).toContain(`${id}: no push that was refused`);
    expect(process.exitCode).toBe(2);
  });

  it('asks for ids or --all', async () => {
    await expect(pushes('retry')).rejects.toThrow('give either ids or --all');
    await expect(pushes('retry', 'x')).rejects.toThrow('x is no id');
  });
});
