import { connect as connectSocket } from 'node:net';
import { callbackify } from 'node:util';

import { Client, type ClientConfig } from 'pg';

import type { DatabaseHosts } from './database-hosts.js';

export interface PatientConfig extends ClientConfig {
  /** Hosts of which the primary is connected, instead of that of the URL. */
  hosts?: DatabaseHosts | undefined;
  /**
   * Time limit of a statement, and of the pauses in a transaction; 0 is none. Not a parameter of
   * the session: connection poolers refuse such, or lend the session to others.
   */
  limitMs?: number;
}

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
  constructor({ hosts, limitMs = 0, ...config }: PatientConfig = {}) {
    // The server ends statements of transactions; the client has to end all others, and all of a
    // server that vanished.
    super({ ...config, ...(limitMs > 0 && { query_timeout: limitMs * clientShare }) });
    // Queries fail by themselves, and the pool drops the connection.
    this.on('error', () => undefined);
    if (limitMs > 0) this.query = this.#limited(limitMs);
    if (hosts) this.connect = this.#toPrimary(hosts);
  }

  #toPrimary(hosts: DatabaseHosts): Client['connect'] {
    const connectThere = this.connect.bind<() => Promise<Client>>(this);
    const connectPrimary = async (): Promise<Client> => {
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
    const connect = (callback?: (error: Error | null, client?: Client) => void): Promise<Client> | void => {
      if (!callback) return connectPrimary();
      callbackify(connectPrimary)(callback);
    };
    return connect as Client['connect'];
  }

  /** Sets limits for each transaction with its first statement; ends statements that time out. */
  #limited(limitMs: number): Client['query'] {
    const query = this.query.bind(this) as (...parameters: unknown[]) => unknown;
    const limits = `; SET LOCAL statement_timeout = ${limitMs}; SET LOCAL idle_in_transaction_session_timeout = ${limitMs}`;
    const limited = (text: unknown, ...more: unknown[]): unknown => {
      const isBegin = typeof text === 'string' && /^(?:START TRANSACTION|BEGIN)\b/.test(text);
      const result = query(isBegin ? text + limits : text, ...more);
      if (result instanceof Promise) void result.catch((error: Error) => this.#endIfLate(error));
      return result;
    };
    return limited as Client['query'];
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
