import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Store } from '@tidewaiter/store';
import { reportMissing, sharedData, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { registryKindNames } from '@tidewaiter/webhooks';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';
import { repetitionWindowMs } from './repetitions.js';

const root = resolve(__dirname, '../../../..');
const shared = sharedData('fixtures/webhooks');

interface Hook {
  kind: string;
  headers: Record<string, string>;
  body: string;
}

interface Fixture {
  headers?: Record<string, string>;
  body: unknown;
  rawBody?: string;
}

/** The project's own sample of each kind, and every shared body where that folder is. */
const hooks: [string, Hook][] = registryKindNames.flatMap((kind) => {
  const own = join(root, 'libs/webhooks/src', kind, 'fixtures/event.json');
  const samples: [string, Hook][] = existsSync(own)
    ? [[`${kind} sample`, { kind, headers: sampleHeaders(kind), body: readFileSync(own, 'utf8') }]]
    : [];
  const files = existsSync(join(shared.path, kind)) ? readdirSync(join(shared.path, kind)) : [];
  return [
    ...samples,
    ...files
      .filter((file) => file.endsWith('.json') && !/jwks|signature-test-vector/.test(file))
      .map((file): [string, Hook] => {
        const {
          headers = {},
          body,
          rawBody,
        } = JSON.parse(readFileSync(join(shared.path, kind, file), 'utf8')) as Fixture;
        return [
          `${kind}/${file}`,
          { kind, headers, body: rawBody ?? (typeof body === 'string' ? body : JSON.stringify(body)) },
        ];
      }),
  ];
});

/** Zot's sample is the data of a CloudEvent in binary mode. */
function sampleHeaders(kind: string): Record<string, string> {
  return kind === 'zot' ? { 'ce-type': 'zotregistry.image.updated' } : {};
}

const settings = `registries:\n${registryKindNames
  .map((kind) => `  - { name: ${kind}, kind: ${kind}, url: "https://${kind}.example", allowUnauthenticated: true }`)
  .join('\n')}\n`;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let ingest: RunningService;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-keys-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
  const databaseUrl = await servers.postgres.createDatabase();
  ingest = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  });
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterAll(async () => {
  await dataSource.destroy();
  await ingest.stop();
  await servers.stop();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  await store.query('DELETE FROM received');
  await store.query('DELETE FROM push');
});

/** Delivers a hook; each attempt has another id of its own, which no signature covers. */
async function deliver({ kind, headers, body }: Hook): Promise<{ accepted: number; duplicates: number }> {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const unsigned = /^x-(?:github|gitea|forgejo|gogs)-delivery$|^x-nexus-webhook-delivery$/;
  const sent = given.map(([name, value]) => [name, unsigned.test(name) ? crypto.randomUUID() : value] as const);
  const answer = await fetch(`${ingest.url}/hooks/registry/${kind}`, {
    method: 'POST',
    body,
    headers: Object.fromEntries(
      sent.filter(([name]) => !/^(?:content-length|host|connection|transfer-encoding|expect)$/.test(name)),
    ),
  });
  const receipt = (await answer.json()) as { accepted?: number; duplicates?: number };
  return { accepted: receipt.accepted ?? 0, duplicates: receipt.duplicates ?? 0 };
}

/**
 * The registry's hook about the next push of the same tags: new ids, times and digests, where it
 * sends such.
 */
function nextPush({ kind, headers, body }: Hook, turn: number): Hook {
  const renewed = (text: string): string =>
    text
      .replaceAll(/(?<=sha256["':]+\s*"?)[0-9a-f]{62}(?=[0-9a-f]{2})/g, (hex) => `${turn}${hex.slice(1)}`)
      .replaceAll(/\b(20\d\d-\d\d-\d\d[T ]\d\d:\d\d:)\d\d/g, `$10${turn}`)
      .replaceAll(
        /("(?:occur_at|pushed_at)":\s*\d{4})(\d)/g,
        (_, before: string, digit: string) => `${before}${(Number(digit) + turn) % 10}`,
      )
      .replaceAll(/("(?:id|messageId|MessageId)":\s*")[^"]*/g, (_, before: string) => `${before}${crypto.randomUUID()}`)
      // Pub/Sub's data is JSON in Base64, SNS' message JSON in a string.
      .replaceAll(/("data":\s*")([A-Za-z0-9+/=]{40,})"/g, (_, before: string, data: string) => {
        const inner = renewed(Buffer.from(data, 'base64').toString());
        return `${before}${Buffer.from(inner).toString('base64')}"`;
      })
      .replaceAll(
        /("Message":\s*)("(?:[^"\\]|\\.)*")/g,
        (_, before: string, message: string) => `${before}${JSON.stringify(renewed(JSON.parse(message) as string))}`,
      );
  const isForm = body.startsWith('payload=');
  const next = isForm
    ? new URLSearchParams({ payload: renewed(new URLSearchParams(body).get('payload') ?? '') }).toString()
    : renewed(body);
  const ids = Object.entries(headers).map(([name, value]) => [
    name,
    /^(?:ce-id|x-goog-pubsub-message-id)$/i.test(name) ? crypto.randomUUID() : value,
  ]);
  return { kind, headers: Object.fromEntries(ids) as Record<string, string>, body: next };
}

/** Lets the window of repetitions pass. */
async function windowPasses(): Promise<void> {
  await store.query(`UPDATE received SET received_at = received_at - $1 * interval '1 millisecond'`, [
    repetitionWindowMs + 1_000,
  ]);
}

describe('a delivery', () => {
  reportMissing(shared);

  it('is read in at least one body of each kind', async () => {
    const kinds = new Set<string>();
    for (const [, hook] of hooks) if ((await deliver(hook)).accepted > 0) kinds.add(hook.kind);
    const aliases = new Set(registryKindNames.filter((name) => !hooks.some(([, { kind }]) => kind === name)));
    expect(registryKindNames.filter((name) => !kinds.has(name) && !aliases.has(name))).toEqual([]);
  });

  it.each(hooks)('counts once for each push, however often it is repeated: %s', async (_name, hook) => {
    const { accepted: events } = await deliver(hook);
    const repeated = [await deliver(hook), await deliver(hook)];
    expect(repeated.map(({ accepted }) => accepted)).toEqual([0, 0]);
    for (const turn of [1, 2, 3]) {
      await windowPasses();
      const next = nextPush(hook, turn);
      expect((await deliver(next)).accepted).toBe(events);
      expect((await deliver(next)).accepted).toBe(0);
    }
  });
});

describe('a push without id, time and digest', () => {
  const quay = (repository: string): Hook => ({
    kind: 'quay',
    headers: {},
    body: JSON.stringify({ repository, docker_url: `quay.example/${repository}`, updated_tags: ['1'] }),
  });
  const generic = (repository: string): Hook => ({
    kind: 'generic',
    headers: {},
    body: JSON.stringify({ type: 'container.image.push', data: { repository, tag: '1' } }),
  });
  const resolved = async (repository: string) =>
    store.query(`UPDATE push SET state = 'analyzing', digest = claimed_digest WHERE repository = $1`, [repository]);

  it.each([
    ['quay', quay('shop/quay')],
    ['generic', generic('shop/generic')],
  ])('counts again within seconds once its tag was asked for: %s', async (name, hook) => {
    const counts = [];
    for (let turn = 0; turn < 3; turn += 1) {
      counts.push((await deliver(hook)).accepted, (await deliver(hook)).accepted);
      await resolved(`shop/${name}`);
    }
    expect(counts).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it('counts once when it is delivered twenty times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, async () => deliver(quay('shop/at-once'))));
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(1);
  });
});

describe('a rollback of JFrog, whose body names no time', () => {
  const hook = (digest: string): Hook => ({
    kind: 'jfrog',
    headers: {},
    body: JSON.stringify({
      domain: 'docker',
      event_type: 'pushed',
      data: { repo_key: 'shop', path: 'app/1/manifest.json', tag: '1', sha256: digest.repeat(64) },
    }),
  });

  it('counts, though it sends the first body again', async () => {
    const counts = [];
    for (const digest of ['a', 'b', 'b', 'a', 'a']) counts.push((await deliver(hook(digest))).accepted);
    expect(counts).toEqual([1, 1, 0, 1, 0]);
  });
});
