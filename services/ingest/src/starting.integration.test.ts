import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RunningService } from '@tidewaiter/runtime';
import { captureOutput, type CapturedOutput, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { start } from './main.js';

const settings = `
registries: [{ name: main, kind: quay, url: "https://quay.example", allowUnauthenticated: true }]
sensors: [{ name: falco, kind: falco, allowUnauthenticated: true, silentAfter: never }]
`;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let environment: Record<string, string>;
let ingest: RunningService | undefined;
let output: CapturedOutput | undefined;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-start-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
});

beforeEach(async () => {
  environment = {
    TIDEWAITER_DATABASE_URL: await servers.postgres.createDatabase(),
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'info',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  };
});

afterEach(async () => {
  await ingest?.stop();
  ingest = undefined;
  output?.restore();
  await Promise.all([servers.postgres, servers.nats].map(async (server) => server.restart()));
});

afterAll(async () => {
  await servers.stop();
  await rm(folder, { recursive: true });
});

let ids = 0;

async function post(path: string, body: object): Promise<{ status: number; code: unknown }> {
  const answer = await fetch(`${ingest!.url}/hooks/${path}`, { method: 'POST', body: JSON.stringify(body) });
  const { code = null } = (await answer.json()) as { code?: string };
  return { status: answer.status, code };
}

const push = async () =>
  post('registry/main', { repository: `shop/a${(ids += 1)}`, docker_url: 'q.example/shop', updated_tags: ['1'] });
const alert = async () =>
  post('runtime/falco', { rule: 'Shell', time: '2026-01-02T03:04:05Z', priority: 'Warning', output: `e${(ids += 1)}` });

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > 20_000) throw new Error(`not within 20 s: ${what}`);
    await sleep(100);
  }
}

const problems = async () => {
  const answer = await fetch(`${ingest!.url}/readyz`);
  return Object.keys(((await answer.json()) as { problems: object }).problems);
};

describe('ingest, started while a server is away', () => {
  it.each([
    ['PostgreSQL', 'postgres', async () => servers.postgres, push, 'STORE_UNAVAILABLE', alert],
    ['NATS', 'nats', async () => servers.nats, alert, 'BUS_UNAVAILABLE', push],
  ] as const)('listens at once, logs the reason and recovers: %s', async (name, check, serverOf, send, code, other) => {
    const server = await serverOf();
    await server.kill();
    output = captureOutput();
    const began = performance.now();
    ingest = await start(environment);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await problems()).toContain(check);
    expect(await send()).toEqual({ status: 503, code });
    await until('the other server', async () => (await other()).status === 202);
    await sleep(2_000);
    const words = output.stdout.split('\n').filter((line) => line.includes('waiting for a server'));
    expect(words.filter((line) => line.includes(`"server":"${name}"`))).toEqual([
      expect.stringContaining('ECONNREFUSED'),
    ]);
    await server.restart();
    await until('ready', async () => (await problems()).length === 0);
    expect([await send(), await other()]).toMatchObject([{ status: 202 }, { status: 202 }]);
    expect(output.stdout).toContain('server connected');
  });

  it('stops while it still waits', async () => {
    await servers.nats.kill();
    await servers.postgres.kill();
    ingest = await start({ ...environment, TIDEWAITER_LOG_LEVEL: 'silent' });
    const began = performance.now();
    await ingest.stop();
    ingest = undefined;
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
