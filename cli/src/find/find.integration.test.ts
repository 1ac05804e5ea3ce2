import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import { blastRadiiOf, connect, Store, WorkloadLedger } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { findCommand } from './find.js';

const digest = `sha256:${'a'.repeat(64)}` as const;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let output: CapturedOutput;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  const url = await servers.postgres.createDatabase();
  process.env['TIDEWAITER_DATABASE_URL'] = url;
  dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  const pods = ['=cmd', 'web-2'].map((pod, index) => ({
    ...{ id: String(index).repeat(64), name: 'web', kind: 'app' as const, cluster: 'eu1', node: 'node-1' },
    ...{ pod: { cluster: 'eu1', namespace: 'shop', name: pod }, podUid: null, serviceAccount: null },
    ...{ repository: 'shop/web', tag: '1', privileged: null, overrides: null, workload: null },
    ...{
      digest,
      claimedDigests: [digest],
      startedAtMs: null,
      firstSeenMs: Date.now() - 60_000,
      lastSeenMs: Date.now(),
    },
    endedAtMs: index === 0 ? null : Date.now(),
  }));
  await store.transaction((tx) => new WorkloadLedger(store).put(tx, pods));
});

beforeEach(() => {
  output = captureOutput();
});

afterEach(() => output.restore());

afterAll(async () => {
  delete process.env['TIDEWAITER_DATABASE_URL'];
  await dataSource.destroy();
  await servers.stop();
});

async function find(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  findCommand(program);
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(['find', ...args], { from: 'user' });
}

describe('find', () => {
  it('shows the images and their pods in a table', async () => {
    await find(`image=${digest}`);
    expect(output.stdout).toMatch(/^IMAGE +DIGEST +TAGGED +RUNNING/);
    expect(output.stdout).toMatch(/eu1 +shop +web-2 +web +shop\/web:1/);
    expect(output.stdout).toContain(
      '1 image (0 with a current tag) in 0 repositories; 2 containers (1 running) in 2 pods',
    );
  });

  it('shows what runs alone with --running, as JSON', async () => {
    await find(`image=${digest}`, '--running', '-o', 'json');
    const answer = JSON.parse(output.stdout) as { counts: object; containers: object[] };
    expect(answer).not.toHaveProperty('images');
    expect(answer.containers).toMatchObject([{ pod: '=cmd', isRunning: true, until: null }]);
    expect(answer.counts).toMatchObject({ containers: 1, running: 1, pods: 1 });
  });

  it('writes CSV in which no cell is a formula', async () => {
    await find(`image=${digest}`, '-o', 'csv');
    const lines = output.stdout.trim().split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(",'=cmd,web,");
  });

  it('shows that nothing is found', async () => {
    await find('package=openssl<3.0.14', '--since', '7d');
    expect(output.stdout).toBe(
      '0 images (0 with a current tag) in 0 repositories; 0 containers (0 running) in 0 pods of 0 workloads\n',
    );
  });

  it('asks a platform with one call where only what runs is wanted', async () => {
    const calls: string[] = [];
    const server: Server = createServer((request, response) => {
      calls.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      const question = { image: digest, running: true };
      void blastRadiiOf(store)
        .containers(question, { limit: 200 })
        .then((answer) => response.end(JSON.stringify(answer)));
    }).listen(0, '127.0.0.1');
    const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-find-'));
    try {
      const tokenFile = join(folder, 'token');
      await writeFile(tokenFile, 'tide_x\n');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await find('package=openssl<3.0.14', '--running', '--server', url, '--token-file', tokenFile);
      expect(calls).toEqual([
        'GET /api/v1/blast-radius/containers?package=openssl%3C3.0.14&running=true&limit=200 Bearer tide_x',
      ]);
      expect(output.stdout).toContain('=cmd');
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });

  it('prints images and containers as lines of JSON', async () => {
    await find(`image=${digest}`, '-o', 'ndjson');
    const kinds = output.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(['image', 'container', 'container']);
  });

  it('searches for a name in the database', async () => {
    await find('0'.repeat(12));
    expect(output.stdout).toMatch(/^TYPE +NAME\ncontainer +0{64}  shop\/=cmd\/web\/0{64}\n$/);
  });

  it.each([
    ['csv', /^type,id,title,link\r\n$/],
    ['ndjson', /^$/],
    ['json', /^\[\]\n$/],
    ['table', /^nothing is named no\/such\n$/],
  ])('prints as %s that nothing has a name', async (format, text) => {
    await find('no/such', '-o', format);
    expect(output.stdout).toMatch(text);
  });

  it('asks a platform with the token of the caller for a name', async () => {
    const calls: string[] = [];
    const hit = { type: 'incident', id: 'i', title: 'INC-7 a \u001b[31mminer', link: '/api/v1/incidents/i' };
    const server: Server = createServer((request, response) => {
      calls.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.end(JSON.stringify({ items: [hit], next: null }));
    }).listen(0, '127.0.0.1');
    const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-find-'));
    try {
      const tokenFile = join(folder, 'token');
      await writeFile(tokenFile, 'tide_x\n');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await find('INC-7', '--server', url, '--token-file', tokenFile);
      expect(calls).toEqual(['GET /api/v1/search?q=INC-7 Bearer tide_x']);
      expect(output.stdout).toBe('TYPE      NAME\nincident  i  INC-7 a \uFFFD[31mminer\n');
    } finally {
      server.close();
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ['--running with a name', ['shop/web', '--running'], 'commander.error'],
    ['an unknown condition', ['pod=x'], 'EXPRESSION_INVALID'],
    ['no condition', [], 'commander.missingArgument'],
    ['a time that is none', ['cve=CVE-1', '--since', 'yesterday'], 'commander.invalidArgument'],
    ['a server without a token', ['cve=CVE-1', '--server', 'http://127.0.0.1'], 'NOT_SIGNED_IN'],
  ])('rejects %s', async (_what, args, code) => {
    await expect(find(...args)).rejects.toMatchObject({ code });
  });
});
