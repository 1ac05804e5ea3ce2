import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import { type AuditAction, AuditLog, connect, Deliveries, SilenceLedger, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { withStore } from '../database.js';
import { createProgram } from '../program.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let output: CapturedOutput;
let folder: string;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-audit-'));
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
  await dataSource.destroy();
  delete process.env['TIDEWAITER_DATABASE_URL'];
});

afterAll(async () => {
  await servers.stop();
  rmSync(folder, { recursive: true });
});

async function run(...args: string[]): Promise<void> {
  await (await createProgram(args)).parseAsync(args, { from: 'user' });
}

async function failedDelivery(): Promise<string> {
  const deliveries = new Deliveries(store);
  const delivery = {
    ...{ eventId: uuidv7(), cause: ['push', uuidv7()] as const, receiver: 'team', channel: 'slack', integration: 0 },
    ...{ route: 'route', groupKey: '{}', groupLabels: {}, alerts: [], message: { title: 'High' }, edition: null },
  };
  const [id = ''] = await store.transaction(async (tx) => deliveries.add(tx, [delivery]));
  await store.transaction(async (tx) => deliveries.failed(tx, id, 18, 'SLACK_REFUSED', 'is_archived'));
  return id;
}

async function refusedPush(): Promise<string> {
  const id = uuidv7();
  await store.query(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, code, reason)
     VALUES ($1, 'main', 'shop/cart', '1', 'image', 'refused', 'X', 'unreadable')`,
    [id],
  );
  return id;
}

async function deadLetter(): Promise<string> {
  const [event, id] = [uuidv7(), uuidv7()];
  await store.query(
    `INSERT INTO outbox (id, type, channel, subject, source, data) VALUES ($1, 't', 'c', 's', 'test', '{}')`,
    [event],
  );
  await store.query(
    `INSERT INTO dead_letter (id, stage, worker, event_id, subject, code, reason, attempts)
     VALUES ($1, 'event', 'scanner', $2, 's', 'X', 'failed', 3)`,
    [id, event],
  );
  return id;
}

async function openSilence(): Promise<string> {
  const silence = { startsAt: new Date(), endsAt: new Date('2099-01-01'), createdBy: 'ann', comment: 'x' };
  const { id } = await store.transaction(async (tx) =>
    new SilenceLedger(store).add(tx, { ...silence, matchers: ['severity="low"'] }),
  );
  return id;
}

/** Commands that change the database, by the actions that they record. */
const changes: Partial<Record<AuditAction, () => Promise<unknown>>> = {
  'token.created': async () => run('tokens', 'create', 'ci'),
  'token.revoked': async () => {
    await run('tokens', 'create', 'ci');
    await run('tokens', 'revoke', 'ci');
  },
  'cluster.invited': async () => run('clusters', 'join', 'eu1'),
  'cluster.removed': async () => {
    await run('clusters', 'join', 'us1');
    await run('clusters', 'remove', 'us1');
  },
  'removal.requested': async () => {
    await refusedPush();
    await run('storage', 'delete', 'repository', 'shop/cart', '--yes');
  },
  'silence.created': async () => run('silences', 'add', 'severity="low"', '--for', '1h', '--comment', 'x'),
  'silence.changed': async () => run('silences', 'edit', await openSilence(), '--comment', 'known'),
  'silence.expired': async () => run('silences', 'expire', await openSilence()),
  'silence.undone': async () => {
    const id = await openSilence();
    await run('silences', 'expire', id);
    await run('silences', 'undo', id);
  },
  'delivery.redriven': async () => run('deliveries', 'redrive', await failedDelivery()),
  'dead-letter.redriven': async () => run('dead-letters', 'redrive', await deadLetter()),
  'push.retried': async () => run('pushes', 'retry', await refusedPush()),
  'advisories.changed': async () => {
    const record = { id: 'OSV-1', modified: '2026-01-01T00:00:00Z', affected: [] };
    writeFileSync(join(folder, 'OSV-1.json'), JSON.stringify(record));
    return run('advisories', 'import', join(folder, 'OSV-1.json'), '--database', '--quiet');
  },
  'database.migrated': async () => {
    await dataSource.destroy();
    const url = await servers.postgres.createDatabase('template1');
    process.env['TIDEWAITER_DATABASE_URL'] = url;
    await run('migrate');
    dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
  },
  'database.restored': async () => {
    await run('backup', '--to', join(folder, 'backup.dump'));
    await dataSource.destroy();
    await run('restore', '--from', join(folder, 'backup.dump'));
    const url = new Secret(process.env['TIDEWAITER_DATABASE_URL']!);
    dataSource = await connect({ url, poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
  },
};
/** Acts of `up --demo`, on incidents, reports and views. */
const demoActions = [
  'incident.acknowledged',
  'incident.commented',
  'incident.resolved',
  'report.requested',
  'view.saved',
];

describe('the audit log of the command line', () => {
  it('has every action that a command records', () => {
    const sources = globSync(join(__dirname, '../**/*.ts')).filter((path) => !path.endsWith('.test.ts'));
    const actions = sources.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/(?:change\w+|act)\(\s*'(\w[\w-]*\.[\w-]+)'/g)].map(
        ([, action]) => action,
      ),
    );
    expect(new Set(actions)).toEqual(new Set([...Object.keys(changes), ...demoActions]));
  });

  it.each(Object.keys(changes) as AuditAction[])('has %s under the user of the machine', async (action) => {
    await changes[action]!();
    const entries = await store.query<{ details: object }>(
      'SELECT actor, action, subject, address, details FROM audit_entry ORDER BY number DESC LIMIT 1',
    );
    expect(entries).toMatchObject([
      { action, address: null, actor: expect.stringMatching(/^cli:./), subject: expect.stringMatching(/./) },
    ]);
    expect(Object.keys(entries[0]!.details).toSorted()).toEqual(['after', 'before']);
    expect(JSON.stringify(entries)).not.toContain('tide_');
    expect(await new AuditLog(store).verify()).toMatchObject({ brokenAt: null });
  });

  it('has every change, as commands that record none cannot write', async () => {
    const write = async () => withStore(async (each) => each.query(`DELETE FROM api_token`));
    const transaction = async () =>
      withStore(async (each) => each.transaction(async (tx) => tx.query('DELETE FROM api_token')));
    const refused = { cause: { message: expect.stringContaining('read-only transaction') } };
    await expect(write()).rejects.toMatchObject(refused);
    await expect(transaction()).rejects.toMatchObject(refused);
  });

  it('has no entry of a command that changes nothing', async () => {
    await expect(run('tokens', 'revoke', 'unknown')).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN' });
    await run('silences', 'add', 'severity="low"', '--for', '1h', '--comment', 'x', '--dry-run');
    await run('migrate');
    expect(await new AuditLog(store).verify()).toMatchObject({ entries: 0 });
  });

  it('is verified by `audit verify`', async () => {
    await run('tokens', 'create', 'ci');
    await run('audit', 'verify');
    expect(output.stdout).toMatch(/\n1:[0-9a-f]{64}\n$/);
    await store.query(`UPDATE audit_entry SET actor = 'bob'`);
    await run('audit', 'verify');
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
  });
});
