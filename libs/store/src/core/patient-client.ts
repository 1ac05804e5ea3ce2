import { randomUUID } from 'node:crypto';
import { connect as connectSocket } from 'node:net';
import { callbackify } from 'node:util';

import { Client, type ClientConfig } from 'pg';

import type { DatabaseHosts } from './database-hosts.js';
import { isStaleStatement, PreparedStatements } from './prepared-statements.js';

export interface PatientConfig extends ClientConfig {
  /** Hosts of which the primary is connected, instead of that of the URL. */
  hosts?: DatabaseHosts | undefined;
  /**
   * Time limit of a statement, and of the pauses in a transaction; 0 is none. Not a parameter of
   * the session: connection poolers refuse such, or lend the session to others.
   */
  limitMs?: number;
  /** Whether frequent statements are prepared, unless a pooler would lose them. */
  prepares?: boolean;
}

type Done = (error: Error | null, ...results: unknown[]) => void;

/** Time limit of the client as a share of that of the server, which should come first. */
const clientShare = 1.1;

/** @see https://www.postgresql.org/docs/current/protocol-message-formats.html, "CancelRequest" */
const cancelRequestCode = 80_877_102;

/**
 * Connection whose errors cannot end the process. When the pool lends a connection, it removes its
 * listener, and TypeORM adds one a moment later. Without a listener an error in between, such as
 * the end of the session by the server, ends the process.
 */
export class PatientClient extends Client {
  #statements: PreparedStatements | undefined;

  constructor({ hosts, limitMs = 0, prepares = false, ...config }: PatientConfig = {}) {
    // The server ends statements of transactions; the client has to end all others, and all of a
    // server that vanished.
    super({ ...config, ...(limitMs > 0 && { query_timeout: limitMs * clientShare }) });
    // Queries fail by themselves, and the pool drops the connection.
    this.on('error', () => undefined);
    if (limitMs > 0) this.query = this.#limited(limitMs);
    if (hosts) this.#connectBy(this.#toPrimary(hosts));
    if (prepares) {
      this.query = this.#prepared();
      this.#connectBy(this.#preparing());
    }
  }

  /** Connects in another way, for callers with a callback, too. */
  #connectBy(connectOnce: () => Promise<Client>): void {
    this.connect = ((callback?: (error: Error | null, client?: Client) => void): Promise<Client> | void => {
      if (!callback) return connectOnce();
      callbackify(connectOnce)(callback);
    }) as Client['connect'];
  }

  #toPrimary(hosts: DatabaseHosts): () => Promise<Client> {
    const connectThere = this.connect.bind<() => Promise<Client>>(this);
    return async () => {
      const primary = await hosts.primary();
      Object.assign(this, { host: primary.host, port: primary.port });
      try {
        await connectThere();
      } catch (error) {
        hosts.doubt(primary);
        throw error;
      }
      this.once('end', hosts.follow(primary, this.connection.stream));
      return this;
    };
  }

  #preparing(): () => Promise<Client> {
    const connectThere = this.connect.bind<() => Promise<Client>>(this);
    return async () => {
      await connectThere();
      if (await keepsStatements(this)) this.#statements = new PreparedStatements();
      return this;
    };
  }

  /** Gives frequent statements a name; one that is lost is repeated without, if it is alone. */
  #prepared(): Client['query'] {
    const query = this.query.bind(this) as (...parameters: unknown[]) => Promise<unknown>;
    const prepared = (text: unknown, values?: unknown, ...more: unknown[]): unknown => {
      if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0 || more.length > 0)
        return query(text, values, ...more);
      return this.#statements ? this.#runPrepared(query, this.#statements, text, values) : query(text, values);
    };
    return prepared as Client['query'];
  }

  async #runPrepared(
    query: (...parameters: unknown[]) => Promise<unknown>,
    statements: PreparedStatements,
    text: string,
    values: readonly unknown[],
  ): Promise<unknown> {
    const isAlone = this.getTransactionStatus() === 'I';
    if (isAlone && statements.isOld) await this.#deallocate(statements);
    const name = statements.nameOf(text);
    if (name === undefined) return query(text, values);
    try {
      return await query({ name, text, values });
    } catch (error) {
      if (!isStaleStatement(error)) throw error;
      statements.expire();
      if (!isAlone) throw error;
      return query(text, values);
    }
  }

  async #deallocate(statements: PreparedStatements): Promise<void> {
    // Poolers that keep statements know this one, and not `DEALLOCATE` of a name.
    await super.query('DEALLOCATE ALL');
    (this.connection as unknown as { parsedStatements: object }).parsedStatements = {};
    statements.clear();
  }

  /** Sets limits for each transaction with its first statement; ends statements that time out. */
  #limited(limitMs: number): Client['query'] {
    const query = this.query.bind(this) as (...parameters: unknown[]) => unknown;
    const limits = `; SET LOCAL statement_timeout = ${limitMs}; SET LOCAL idle_in_transaction_session_timeout = ${limitMs}`;
    const limited = (text: unknown, ...more: unknown[]): unknown => {
      const isBegin = typeof text === 'string' && /^(?:START TRANSACTION|BEGIN)\b/.test(text);
      const done = more.at(-1);
      if (typeof done === 'function') more[more.length - 1] = this.#endingIfLate(done as Done);
      const result = query(isBegin ? text + limits : text, ...more);
      if (result instanceof Promise) void result.catch((error: Error) => this.#endIfLate(error));
      return result;
    };
    return limited as Client['query'];
  }

  #endingIfLate(done: Done): Done {
    return (error, ...results) => {
      if (error) this.#endIfLate(error);
      done(error, ...results);
    };
  }

  /** The server would go on with the statement, and the pool would lend the connection. */
  #endIfLate({ message }: Error): void {
    if (message !== 'Query read timeout') return;
    const { processID, secretKey } = this as unknown as { processID: number; secretKey: number };
    const request = Buffer.alloc(16);
    for (const [index, value] of [16, cancelRequestCode, processID, secretKey].entries())
      request.writeInt32BE(value, index * 4);
    // Without TLS, as of libpq: the key is of no use to anyone but its session.
    connectSocket(this.port, this.host)
      .on('error', () => undefined)
      .end(request);
    this.connection.stream.destroy();
  }
}

/**
 * Whether the session keeps prepared statements: it is a server's own, or a pooler keeps them for
 * its clients. A pooler has other ids of sessions than the servers behind it, and one that keeps
 * statements gives them other names there.
 * @see https://www.pgbouncer.org/config.html#max_prepared_statements
 */
async function keepsStatements(client: Client): Promise<boolean> {
  const { processID } = client as unknown as { processID: number | null };
  const [session] = await rowsOf<{ pid: number }>(client, 'SELECT pg_backend_pid() AS pid');
  if (session?.pid === processID) return true;
  const name = `tidewaiter_probe_${randomUUID()}`;
  await client.query('BEGIN');
  try {
    await client.query({ name, text: `SELECT '${name}'`, values: [] });
    const found = await rowsOf<{ name: string }>(
      client,
      `SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT ''${name}'''`,
    );
    const isOwn = found.some((row) => row.name === name);
    if (isOwn) await client.query(`DEALLOCATE "${name}"`);
    return found.length > 0 && !isOwn;
  } catch {
    return false;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

async function rowsOf<Row extends object>(client: Client, text: string): Promise<Row[]> {
  const { rows } = await client.query(text);
  return rows as Row[];
}
