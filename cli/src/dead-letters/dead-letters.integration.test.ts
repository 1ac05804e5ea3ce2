import { Secret } from '@tidewaiter/domain';
import { auditRecorded, draft, imageFailed } from '@tidewaiter/events';
import { connect, DeadLetters, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { deadLettersCommand } from './dead-letters.js';

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

async function deadLetters(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  deadLettersCommand(program);
  await program.parseAsync(['dead-letters', ...args], { from: 'user' });
}

/** An event that was published, and that the notifier has given up. */
async function giveUpEvent(reason = 'no answer'): Promise<string> {
  const pushId = '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12';
  const outcome = { outcome: 'refused', code: 'X', reason: 'x' } as const;
  const data = { pushId, connection: 'main', repository: 'app', tag: '1', digest: null, ...outcome };
  await store.transaction(async (tx) => tx.emit(draft(imageFailed, 'app:1', data)));
  const [event] = await store.query<{ id: string }>(
    'UPDATE outbox SET published_at = now() WHERE published_at IS NULL RETURNING id',
  );
  await giveUp(event?.id ?? null, reason);
  return event?.id ?? '';
}

async function giveUp(eventId: string | null, reason: string): Promise<void> {
  const letter = { consumer: 'notifier', subject: 'app:1', payload: Buffer.from('{}'), code: 'NO_ANSWER', attempts: 6 };
  await new DeadLetters(store).save({ ...letter, eventId, reason });
}

/** Events that wait to be published, without those about what the command did. */
async function unpublished(): Promise<string[]> {
  const rows = await store.query<{ id: string }>('SELECT id FROM outbox WHERE published_at IS NULL AND type <> $1', [
    auditRecorded.type,
  ]);
  return rows.map(({ id }) => id);
}

async function letterIds(): Promise<string[]> {
  const rows = await store.query<{ id: string }>('SELECT id FROM dead_letter ORDER BY created_at DESC, id DESC');
  return rows.map(({ id }) => id);
}

describe('deadLettersCommand', () => {
  it('lists what was given up on one line each, whatever is in it', async () => {
    await giveUpEvent('no\n\x1b[2Janswer');
    await deadLetters('list');
    const [id] = await letterIds();
    expect(output.stdout).toMatch(
      new RegExp(`^${id} {2}\\d{4}-.* {2}notifier +NO_ANSWER {2}app:1 {2}6 attempts {2}no\uFFFD\uFFFD\\[2Janswer\\n$`),
    );
    expect(output.stderr).toBe('');
  });

  it('lists all pages as JSON', async () => {
    for (let letter = 0; letter < 205; letter++) await giveUp(null, `letter ${letter}`);
    await deadLetters('list', '-o', 'json');
    const { items, next } = JSON.parse(output.stdout) as { items: { id: string }[]; next: null };
    expect(items.map(({ id }) => id)).toEqual(await letterIds());
    expect(next).toBeNull();
  });

  it('says that there is nothing', async () => {
    await deadLetters('list');
    await deadLetters('list', '-o', 'json');
    expect(output.stderr).toBe('no dead letters\n');
    expect(JSON.parse(output.stdout)).toEqual({ items: [], next: null });
  });

  it('tries one again, which then is listed only with the others that were', async () => {
    const event = await giveUpEvent();
    const [id = ''] = await letterIds();
    await deadLetters('redrive', id);
    expect(await unpublished()).toEqual([event]);
    expect(output.stderr).toBe('1 of 1 will be tried again\n');
    await deadLetters('list');
    expect(output.stdout).toBe('');
    await deadLetters('list', '--all');
    expect(output.stdout).toContain('tried again');

    await deadLetters('redrive', id);
    expect(output.stderr).toContain(`${id}: there is none, or nothing that could be tried again`);
    expect(process.exitCode).toBe(2);
  });

  it('tries all of them again, and says which cannot be', async () => {
    const events = [await giveUpEvent(), await giveUpEvent()];
    await giveUp(null, 'not JSON');
    await deadLetters('redrive', '--all');
    expect((await unpublished()).toSorted()).toEqual(events.toSorted());
    expect(output.stderr).toBe('2 will be tried again; 1 cannot be, since the message was no event, or is gone\n');
    const [audited] = await store.query<{ subject: string }>(
      "SELECT subject FROM audit_entry WHERE action = 'dead-letter.redriven'",
    );
    expect(audited).toEqual({ subject: '2 dead letters' });
  });

  it('counts and tries again those that match a query', async () => {
    const [event] = [await giveUpEvent('first'), await giveUpEvent('second')];
    await deadLetters('redrive', '--query', 'first created>1h', '--dry-run');
    expect(output.stderr).toBe('1 would be tried again\n');
    expect(await unpublished()).toEqual([]);
    await deadLetters('redrive', '--query', 'first created>1h');
    expect(await unpublished()).toEqual([event]);
    await expect(deadLetters('redrive', '--query', 'quue=x')).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });

  it.each([
    ['neither ids nor --all', []],
    ['--all and a query', ['--all', '--query', 'code=X']],
    ['a count of ids', ['--dry-run', '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12']],
    ['both', ['--all', '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12']],
    ['what is no id', ['1']],
  ])('refuses %s', async (_, args) => {
    await expect(deadLetters('redrive', ...args)).rejects.toMatchObject({ exitCode: 64 });
  });
});
