import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

import { jetstreamManager } from '@nats-io/jetstream';
import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { Redis } from 'ioredis';
import { Client } from 'pg';

import type { Tidewaiter } from './tidewaiter.js';

/** Texts by the place where they are stored or sent. */
export type StoredTexts = Map<string, string>;

/** Every row of every table; columns of bytes are decoded. */
export async function readTables(url: string, found: StoredTexts): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')`,
  );
  for (const { name } of rows) {
    const table = await client.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
    const texts = table.rows.flatMap((row) => Object.values(row).map(textOf));
    if (texts.length > 0) found.set(`table ${name}`, texts.join('\n'));
  }
  await client.end();
}

/**
 * Columns of bytes are compressed in one of three ways, and lists of texts may have been compressed
 * before.
 */
function textOf(value: unknown): string {
  if (!Buffer.isBuffer(value)) return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  for (const unpack of [zstdDecompressSync, gunzipSync, inflateSync]) {
    try {
      return textOf(unpack(value));
    } catch {
      continue;
    }
  }
  return value.toString('latin1');
}

/** Every message of every stream. */
export async function readStreams(url: string, found: StoredTexts): Promise<void> {
  const bus = await Bus.connect('test', { natsUrl: new Secret(url) });
  const manager = await jetstreamManager(bus.connection);
  for await (const { config, state } of manager.streams.list()) {
    const texts: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage(config.name, { seq }).catch(() => null);
      if (message)
        texts.push(`${message.subject} ${JSON.stringify([...message.header])} ${Buffer.from(message.data).toString()}`);
    }
    if (texts.length > 0) found.set(`stream ${config.name}`, texts.join('\n'));
  }
  await bus.onApplicationShutdown();
}

/** Every key. */
export async function readRedis(url: string, found: StoredTexts): Promise<void> {
  const redis = new Redis(url);
  const texts: string[] = [];
  for (const key of await redis.keys('*')) texts.push(key, (await redis.dump(key)) ?? '');
  found.set('Redis', texts.join('\n'));
  redis.disconnect();
}

/** Limit on items of one list that are requested one by one. */
const maxItems = 40;

type Paths = Record<string, { get?: unknown }>;

/**
 * Requests every route of the API: lists, then their items one by one, and `more` calls with other
 * parameters. Returns the routes without an answered call.
 */
export async function readAnswers(
  tidewaiter: Tidewaiter,
  found: StoredTexts,
  more: readonly string[] = [],
): Promise<string[]> {
  const { paths } = await tidewaiter.api<{ paths: Paths }>('/openapi.json');
  const made = await tidewaiter.command('tokens', 'create', `reader-${found.size}`, '--role', 'admin');
  const token = made.stdout.trim();
  const routes = Object.keys(paths).filter((path) => paths[path]!.get !== undefined && !path.includes('stream'));
  const unanswered: string[] = [];
  for (const route of routes.toSorted((a, b) => a.split('{').length - b.split('{').length)) {
    const path = route.replace(/^\/api\/v1/, '');
    const shape = new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/?]+')}(?:\\?|$)`);
    const calls = [...callsOf(path, found), ...more.filter((call) => shape.test(call))];
    const answers = await Promise.all(calls.map(async (call) => readAnswer(tidewaiter, token, call, found)));
    if (!answers.some(Boolean)) unanswered.push(route);
  }
  return unanswered;
}

async function readAnswer(
  { consoleUrl }: Tidewaiter,
  token: string,
  call: string,
  found: StoredTexts,
): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${consoleUrl}/api/v1${call}`, { headers, redirect: 'manual' });
  const text = await answer.text();
  if (answer.ok) found.set(`GET ${call}`, text);
  return answer.ok;
}

/** Paths of a list, or of each of its items. */
function callsOf(path: string, found: StoredTexts): string[] {
  const [, list] = /^(\/[^{]+)\/\{/.exec(path) ?? [];
  if (list === undefined) return [path];
  const answers = [...found].filter(([place]) => place === `GET ${list}`).map(([, text]) => text);
  const items = answers.flatMap((text) => (JSON.parse(text) as { items?: Record<string, unknown>[] }).items ?? []);
  const fill = (item: Record<string, unknown>) =>
    path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
      const value = item[name];
      return typeof value === 'string' ? encodeURIComponent(value) : '';
    });
  return [...new Set(items.map(fill))].filter((each) => !/\/(?:\/|$)/.test(each)).slice(0, maxItems);
}
