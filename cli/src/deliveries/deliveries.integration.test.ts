import { Secret } from '@tidewaiter/domain';
import { connect, Deliveries, type NewDelivery, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';
import { v7 as uuidv7 } from 'uuid';

import { deliveriesCommand } from './deliveries.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let ledger: Deliveries;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  const url = await servers.postgres.createDatabase();
  process.env['TIDEWAITER_DATABASE_URL'] = url;
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  ledger = new Deliveries(store);
});

beforeEach(async () => {
  await store.query('TRUNCATE delivery, delivery_step, job');
  output = captureOutput();
});

afterEach(() => {
  output.restore();
  process.exitCode = undefined;
  delete process.env['COLUMNS'];
});

afterAll(async () => {
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await dataSource.destroy();
  await servers.stop();
});

async function deliveries(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  deliveriesCommand(program);
  for (const command of program.commands) for (const each of command.commands) each.exitOverride();
  await program.parseAsync(['deliveries', ...args], { from: 'user' });
}

async function made(more: Partial<NewDelivery<unknown>> = {}): Promise<string> {
  const delivery = {
    eventId: uuidv7(),
    cause: ['push', uuidv7()] as const,
    receiver: 'team',
    channel: 'slack',
    integration: 0,
    route: 'route.routes[0]',
    groupKey: '{}',
    groupLabels: { severity: 'high' },
    alerts: [],
    message: { title: 'High \x1b[2J', summary: 'It is so.' },
    edition: null,
    ...more,
  };
  const [id = ''] = await store.transaction((tx) => ledger.add(tx, [delivery]));
  return id;
}

async function givenUp(more: Partial<NewDelivery<unknown>> = {}): Promise<string> {
  const id = await made(more);
  await store.transaction((tx) => ledger.failed(tx, id, 18, 'SLACK_REFUSED', 'is\n\x1b[2Jarchived'));
  return id;
}

async function accepted(): Promise<string> {
  const id = await made();
  await store.transaction((tx) => ledger.sent(tx, [{ id, reference: '1.1', note: null }]));
  return id;
}

const jobs = async () => (await store.query<{ key: string }>('SELECT key FROM job')).map(({ key }) => key);

describe('deliveriesCommand', () => {
  it('lists each on one line where there is room, and on two where there is not', async () => {
    const id = await givenUp();
    await deliveries('list');
    expect(output.stdout).toMatch(
      new RegExp(
        `^${id} {2}\\d{4}-\\S+ \\S+ {2}failed {6}18 tries {2}team by slack {2}severity=high {2}SLACK_REFUSED: is\uFFFD\uFFFD\\[2Jarchived\\n$`,
      ),
    );
    output.restore();
    output = captureOutput();
    process.env['COLUMNS'] = '80';
    await deliveries('list');
    const [head = '', more] = output.stdout.split('\n');
    expect(head).toBe(`${id}  failed      team by slack`);
    expect(more).toMatch(/^ {2}\d{4}-\S+ \S+ {2}18 tries {2}severity=high {2}SLACK_REFUSED/);
  });

  it('lists what is asked for, as much as is asked for', async () => {
    const ids = [await givenUp(), await givenUp(), await accepted()];
    await deliveries('list', '--state', 'failed', '--since', '1h', '--limit', '1', '-o', 'json');
    expect(JSON.parse(output.stdout)).toMatchObject({ items: [{ id: ids[1] }], next: null });
    await deliveries('list', '--receiver', 'nobody');
    expect(output.stderr).toBe('no deliveries\n');
  });

  it('shows one with its ledger', async () => {
    const id = await givenUp();
    await made({ receiver: 'mail', channel: 'email', origin: { kind: 'fallback', id } });
    await deliveries('redrive', id, '--author', 'jane');
    await deliveries('show', id);
    const lines = output.stdout.split('\n');
    expect(lines[0]).toBe(id);
    expect(output.stdout).toContain('message   High \uFFFD[2J\n');
    expect(output.stdout).toMatch(/given-up {4}try 18 {2}SLACK_REFUSED: is/);
    expect(output.stdout).toMatch(/redriven {4}try 18 {2}by jane\n/);
    expect(output.stdout).toMatch(/made of it\n {2}\S+ {2}fallback {2}mail by email {2}pending\n/);
    await expect(deliveries('show', uuidv7())).rejects.toMatchObject({ code: 'DELIVERY_UNKNOWN' });
  });

  it('tries one again, and leaves alone what was accepted', async () => {
    const [failed, sent] = [await givenUp(), await accepted()];
    await deliveries('redrive', failed, sent);
    expect(await jobs()).toEqual([failed]);
    expect(output.stderr).toBe(
      `${failed}: will be tried again\n${sent}: its channel has accepted it; --again sends it once more\n`,
    );
    expect(process.exitCode).toBe(2);
  });

  it('repeats what was accepted when it is said', async () => {
    const id = await accepted();
    await deliveries('redrive', id, '--again', '--author', 'jane');
    const [repeated = ''] = await jobs();
    expect(output.stderr).toBe(`${id}: will be sent again, as another delivery ${repeated}\n`);
    expect(await ledger.get(repeated)).toMatchObject({ message: { summary: 'Sent again, as jane asked. It is so.' } });
  });

  it('tries all of a receiver again', async () => {
    await givenUp({ receiver: 'other' });
    const ids = [await givenUp(), await givenUp()];
    await accepted();
    await deliveries('redrive', '--receiver', 'team');
    expect((await jobs()).toSorted()).toEqual(ids.toSorted());
    expect(output.stderr).toBe('2 will be tried again\n');
  });

  it.each([
    ['nothing that says which', ['redrive']],
    ['ids and a filter', ['redrive', uuidv7(), '--receiver', 'team']],
    ['what is no id', ['redrive', '1']],
    ['--again without ids', ['redrive', '--receiver', 'team', '--again']],
  ])('refuses %s', async (_what, args) => {
    await expect(deliveries(...args)).rejects.toMatchObject({ exitCode: 64 });
    expect(await jobs()).toEqual([]);
  });
});
