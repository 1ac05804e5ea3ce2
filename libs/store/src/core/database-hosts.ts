import { setTimeout as sleep } from 'node:timers/promises';

import { hostUrls } from '@tidewaiter/runtime';
import { Client } from 'pg';

import { isOutage } from './outage.js';

/** One of the hosts of a database. */
export interface DatabaseHost {
  host: string;
  port: number;
}

interface Candidate extends DatabaseHost {
  url: string;
}

/** Time in which a host has to answer. A failover is noticed after twice this and the pause. */
const answerMs = 2_000;
const watchMs = 1_000;
const defaultPort = 5_432;

/**
 * Hosts of one database, of which one at a time takes changes. While there are connections it is
 * asked every second whether it still does: a host that vanished answers nothing, and statements
 * would wait for it for a minute. When another one is the primary, connections to the one before
 * are ended.
 */
export class DatabaseHosts {
  readonly #candidates: readonly Candidate[];
  readonly #connections = new Map<{ destroy(): void }, DatabaseHost>();
  #primary: Candidate | undefined;
  #search: Promise<Candidate> | undefined;
  #watching: AbortController | undefined;

  constructor(urls: readonly string[]) {
    this.#candidates = urls.map((url) => {
      const { hostname, port } = new URL(url);
      return { url, host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? defaultPort : Number(port) };
    });
  }

  /** Returns the host that takes changes. @throws Error why none of them does */
  async primary(): Promise<DatabaseHost> {
    return this.#primary ?? this.#find();
  }

  /** Searches again before the next connection: one to this host failed. */
  doubt(host: DatabaseHost): void {
    if (this.#primary === host) this.#primary = undefined;
  }

  /** Ends a connection when its host is no longer the primary; returns the end of that. */
  follow(host: DatabaseHost, connection: { destroy(): void }): () => void {
    this.#connections.set(connection, host);
    if (!this.#watching) {
      this.#watching = new AbortController();
      void this.#watch(this.#watching.signal);
    }
    return () => {
      this.#connections.delete(connection);
      if (this.#connections.size > 0) return;
      this.#watching?.abort();
      this.#watching = undefined;
    };
  }

  async #find(): Promise<Candidate> {
    this.#search ??= firstPrimary(this.#candidates).finally(() => (this.#search = undefined));
    return (this.#primary = await this.#search);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const probe = new Probe();
    while (!signal.aborted) {
      const primary = this.#primary;
      if (!primary || !(await probe.takesChanges(primary))) {
        const found = await this.#find().catch(() => undefined);
        if (found) this.#endOthers(found);
      }
      await sleep(watchMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
    probe.close();
  }

  #endOthers(primary: Candidate): void {
    for (const [connection, host] of this.#connections) if (host !== primary) connection.destroy();
  }
}

/** Hosts of a URL with several; undefined with one, which may be a pooler or proxy. */
export function hostsOf(url: string): DatabaseHosts | undefined {
  const urls = hostUrls(url);
  return urls.length > 1 ? new DatabaseHosts(urls) : undefined;
}

/** Connection that asks the same host again and again. */
class Probe {
  #client: Client | undefined;
  #host: Candidate | undefined;

  async takesChanges(host: Candidate): Promise<boolean> {
    if (host !== this.#host) this.close();
    try {
      this.#client ??= await open(host);
      this.#host = host;
      return await takesChanges(this.#client);
    } catch {
      this.close();
      return false;
    }
  }

  close(): void {
    this.#client?.connection.stream.destroy();
    this.#client = undefined;
  }
}

async function firstPrimary(candidates: readonly Candidate[]): Promise<Candidate> {
  try {
    return await Promise.any(candidates.map(async (host) => requirePrimary(host)));
  } catch (error) {
    const { errors } = error as AggregateError & { errors: Error[] };
    // A wrong password or certificate is no outage, and no wait helps.
    const fault = errors.find((each) => !isOutage(each));
    if (fault) throw fault;
    const reasons = errors.map((each) => each.message).join(', ');
    throw Object.assign(new Error(`no host of the database takes changes: ${reasons}`), { code: cannotConnectNow });
  }
}

/** SQLSTATE of a server that starts or is a standby. */
const cannotConnectNow = '57P03';

async function requirePrimary(host: Candidate): Promise<Candidate> {
  const client = await open(host);
  try {
    if (await takesChanges(client)) return host;
  } finally {
    client.connection.stream.destroy();
  }
  throw Object.assign(new Error(`${host.host}:${host.port} is a standby`), { code: cannotConnectNow });
}

async function open({ url }: Candidate): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'tidewaiter-hosts',
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function takesChanges(client: Client): Promise<boolean> {
  const { rows } = await client.query({ text: 'SHOW transaction_read_only', rowMode: 'array' });
  return rows[0]?.[0] === 'off';
}
