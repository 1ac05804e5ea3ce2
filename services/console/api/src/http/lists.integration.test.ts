import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { Incidents } from '@tidewaiter/store';
import { minerIncident, startConsole, type TestConsole, uuidOf } from '@tidewaiter/testkit';

import { start } from '../main.js';

let api: TestConsole;
let token: string;
let limited: string;

const formula = '=HYPERLINK("http://evil.example.com")';

beforeAll(async () => {
  api = await startConsole(start);
  token = await api.tokenOf('test', 'viewer');
  const scope = { repositories: [], clusters: ['eu*'], namespaces: [], owners: [] };
  limited = await api.tokenOf('limited', 'viewer', [scope]);
  const incidents = new Incidents(api.store);
  // A commit for each takes minutes on a busy machine.
  await api.store.transaction(async (tx) => {
    for (let number = 1; number <= 2_100; number += 1) {
      const severity = number % 2 === 0 ? 'high' : 'low';
      const cluster = number % 2 === 0 ? 'eu1' : 'us1';
      const incident = minerIncident({ id: uuidOf(`${number}`), title: `${formula} ${number}`, severity, cluster });
      await incidents.apply(tx, [{ kind: 'opened', incident }]);
    }
  });
});

afterAll(async () => api.stop());

async function ask(path: string, by = token): Promise<Response> {
  return fetch(`${api.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${by}` } });
}

async function json(path: string): Promise<{ items: { number: number }[]; next: string | null; total: unknown }> {
  return (await (await ask(path)).json()) as Awaited<ReturnType<typeof json>>;
}

async function addPushes(pushes: number): Promise<void> {
  await api.store.query(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, digest, verdict, registry_host, pushed_at, received_at)
     SELECT gen_random_uuid(), 'main', repeat('team/', 80) || 'app', number::text, 'image', 'analyzed',
       'sha256:' || encode(sha256(number::text::bytea), 'hex'), 'pass', 'registry.example.com', now(), now()
     FROM generate_series(1, $1) AS number`,
    [pushes],
  );
}

/** An answer of which nothing is read yet. */
async function stream(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get(`${api.url}/api/v1/${path}`, { headers, agent: false }, resolve).on('error', reject);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  return Buffer.concat((await answer.toArray()) as Buffer[]).toString();
}

/** Waits until no connection is held by a transaction. */
async function untilNoTransaction(): Promise<void> {
  const held = async (): Promise<unknown[]> =>
    api.store.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now()`);
  while ((await held()).length > 0) await sleep(20);
}

describe('lists of the API', () => {
  it('filter, sort, count and page', async () => {
    const query = `incidents?q=${encodeURIComponent('severity>=high number<=6')}&sort=number&limit=2`;
    const first = await json(`${query}&count=true`);
    expect(first.items.map(({ number }) => number)).toEqual([2, 4]);
    expect(first.total).toEqual({ count: 3, isAtLeast: false });
    const rest = await json(`${query}&after=${first.next}`);
    expect(rest).toMatchObject({ items: [{ number: 6 }], next: null, total: null });
    expect((await json('incidents?severity=high&q=number%3C4')).items.map(({ number }) => number)).toEqual([2]);
  });

  it.each([
    ['incidents?q=severty%3Ehigh', 'QUERY_INVALID', 'column 1: no field "severty"; did you mean "severity"?'],
    ['incidents?sort=title', 'INPUT_INVALID', 'sort'],
    ['incidents?after=WyJzZWVuIiwiYSIsImIiXQ', 'CURSOR_INVALID', 'not a cursor'],
    ['incidents/export?format=xml', 'INPUT_INVALID', 'format'],
    ['incidents/export?limit=1', 'INPUT_INVALID', 'limit'],
  ])('refuse %s', async (path, code, title) => {
    const answer = await ask(path);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code, title: expect.stringContaining(title) });
  });

  it('export every row of the query, in its order', async () => {
    const answer = await ask('incidents/export?format=ndjson&q=severity%3Dhigh&sort=number');
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="incidents.ndjson"');
    const lines = (await answer.text()).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { number: number }).number)).toEqual(
      Array.from({ length: 1_050 }, (_, index) => 2 * (index + 1)),
    );
    const whole = (await (await ask('incidents/export?format=json')).json()) as unknown[];
    expect(whole).toHaveLength(2_100);
    expect(await (await ask('incidents/export?format=json&q=number%3C0')).json()).toEqual([]);
  });

  it('export every page within the limits of the caller', async () => {
    const answer = await ask('incidents/export?format=ndjson', limited);
    const clusters = (await answer.text())
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { cluster: string }).cluster);
    expect(clusters).toHaveLength(1_050);
    expect(new Set(clusters)).toEqual(new Set(['eu1']));
  });

  it('export as fast as the client reads, and hold no connection for one that pauses', async () => {
    await addPushes(60_000);
    const before = process.memoryUsage().arrayBuffers;
    const answer = await stream('pushes/export?format=ndjson');
    while (answer.readableLength === 0) await sleep(20);
    await untilNoTransaction();
    // The whole file is larger than what the sockets of this machine hold.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(12e6);
    const digests = (await textOf(answer)).trimEnd().split('\n');
    expect(digests).toHaveLength(60_000);
    const page = (await (await ask('pushes?limit=200')).json()) as { items: unknown[] };
    expect(digests.slice(0, 200).map((line) => JSON.parse(line) as unknown)).toEqual(page.items);
  });

  it('export no more for a client that leaves', async () => {
    for (let clients = 0; clients < 6; clients += 1) (await stream('pushes/export?format=csv')).destroy();
    await untilNoTransaction();
    expect((await textOf(await stream('pushes/export?format=csv&q=tag%3D1*'))).split('\r\n')).toHaveLength(11_113);
  });

  it('export CSV that a spreadsheet does not calculate with', async () => {
    const text = await (await ask('incidents/export?q=number%3D1')).text();
    const [head, row, ...rest] = text.split('\r\n');
    expect(head!.split(',').slice(0, 3)).toEqual(['id', 'number', 'revision']);
    expect(row).toContain(`"'=HYPERLINK(""http://evil.example.com"") 1"`);
    expect(rest).toEqual(['']);
  });

  it('export lists of texts as JSON and CSV of their pages, whatever is in them', async () => {
    const control = String.fromCharCode(...Array.from({ length: 31 }, (_, index) => index + 1));
    const hostile = [
      '=1+1',
      'a,b',
      'say "hi"',
      'back\\slash',
      '{brace}',
      'NULL',
      '',
      ' ',
      'é\u2028日本\u{1f600}\u007f',
      control,
    ];
    const id = (number: number) => `CVE-2025-${number}`;
    await api.store.query(
      `INSERT INTO fleet_vulnerability (id, kind, title, severity, aliases, kev, fixable, certain, packages, ecosystems,
         images, repositories, namespaces, clusters, first_seen, risk)
       SELECT id, 'vulnerability', 'A title', 'high', '{}', false, true, true, $2, '{}', 1, $3, '{}', '{}', now(), 1
       FROM unnest($1::text[]) AS id`,
      [[id(1), id(2)], hostile, hostile.toReversed()],
    );
    const { items } = (await (await ask('vulnerabilities?sort=id')).json()) as { items: { packages: string[] }[] };
    expect(items.map(({ packages }) => packages)).toEqual([hostile, hostile]);
    const lines = items.map((item) => JSON.stringify(item));
    const file = async (format: string) => (await ask(`vulnerabilities/export?sort=id&format=${format}`)).text();
    expect(await file('ndjson')).toBe(lines.map((line) => `${line}\n`).join(''));
    expect(await file('json')).toBe(`[${lines.join(',\n')}]\n`);
    const quoted = hostile
      .join(' ')
      .replaceAll('"', '""')
      .replaceAll(/[^\P{C}\t\r\n]/gu, '\uFFFD');
    expect(await file('csv')).toContain(`,"'${quoted}",`);
  });

  it.each([
    'vulnerabilities',
    'fixes',
    'workloads',
    'repositories',
    'pushes',
    'deliveries',
    'dead-letters',
    'silences',
  ])('export %s as their page shows them', async (list) => {
    const by = ['deliveries', 'dead-letters', 'silences'].includes(list) ? token : limited;
    const page = await ask(`${list}?limit=200`, by);
    const { items, next } = (await page.json()) as { items: unknown[]; next: string | null };
    const file = await ask(`${list}/export?format=json`, by);
    expect([page.status, file.status]).toEqual([200, 200]);
    const rows = (await file.json()) as unknown[];
    expect(next === null ? rows : rows.slice(0, 200)).toEqual(items);
  });
});
