import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import type { FastifyServerOptions } from 'fastify';

import type { ServerTls } from './listener.js';
import { type StandIn, standInListener } from './stand-in.js';

type ServerFactory = NonNullable<FastifyServerOptions['serverFactory']>;

/** One application behind the front. */
export interface Backend {
  /** Makes Fastify serve through the front instead of a server of its own. */
  serverFactory: ServerFactory;
}

interface Served {
  listener: RequestListener;
  /** Answers to the requests that are under way. */
  open: Set<ServerResponse>;
  drained?: () => void;
}

/**
 * Node ends a request that exceeds its time at the next look, which is every 30 seconds by
 * default.
 */
const checkMs = 1_000;

/**
 * Limits the time for headers and body of a request; 0 leaves Node's 60 seconds for headers. Node
 * does not enforce a limit on the whole that is below the one on headers.
 */
export function limitRequestTime(server: Server, requestTimeoutMs: number): Server {
  const headersTimeout = requestTimeoutMs === 0 ? 60_000 : requestTimeoutMs;
  return Object.assign(server, { requestTimeout: requestTimeoutMs, headersTimeout });
}

interface Listening {
  /** URL under which the service is reached. */
  url: string;
  /** The same of the port for metrics; null without one. */
  metricsUrl: string | null;
}

/**
 * Servers of a service, which hand each request to its present application: a reload closes no
 * port.
 */
export class HttpFront {
  readonly #server: Server;
  readonly #tlsServer: TlsServer | undefined;
  /** Server of the port for metrics and health. */
  readonly #metricsServer = createServer({ connectionsCheckingInterval: checkMs }, (request, response) =>
    this.#handle(request, response),
  );
  readonly #backends = new WeakMap<Backend, Served>();
  #serving: Served | undefined;
  #standIn: RequestListener;

  /** @param standIn answers until the first {@link serve} */
  constructor(standIn: StandIn, tls?: ServerTls) {
    this.#standIn = standInListener(standIn);
    const options = { connectionsCheckingInterval: checkMs };
    const handle: RequestListener = (request, response) => this.#handle(request, response);
    this.#tlsServer = tls && createTlsServer({ ...options, ...secureContext(tls) }, handle);
    this.#server = this.#tlsServer ?? createServer(options, handle);
  }

  /** Uses another certificate for new connections. */
  renew(tls: ServerTls): void {
    this.#tlsServer?.setSecureContext(secureContext(tls));
  }

  /** Whether a request came over the port for metrics and health. */
  isForMetrics({ socket }: IncomingMessage): boolean {
    return (socket as { server?: unknown }).server === this.#metricsServer;
  }

  /** Whether metrics and health have a port of their own. */
  get hasMetricsPort(): boolean {
    return this.#metricsServer.listening;
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const served = this.#serving;
    if (!served) return this.#standIn(request, response);
    served.open.add(response);
    response.once('close', () => {
      served.open.delete(response);
      if (served.open.size === 0) served.drained?.();
    });
    served.listener(request, response);
  }

  /** Registers one more application, which gets no requests until {@link serve}. */
  backend(): Backend {
    const backend: Backend = {
      serverFactory: (listener, options) => {
        // Timeouts are the application's to choose, as on a server of its own.
        const {
          keepAliveTimeout = 72_000,
          requestTimeout = 0,
          connectionTimeout = 0,
        } = options as FastifyServerOptions;
        limitRequestTime(Object.assign(this.#server, { keepAliveTimeout }), requestTimeout).setTimeout(
          connectionTimeout,
        );
        // Each application answers malformed requests; one answer is enough.
        this.#server.removeAllListeners('clientError');
        this.#backends.set(backend, { listener, open: new Set() });
        return this.#server;
      },
    };
    return backend;
  }

  /** Routes new requests to `backend`; waits up to `withinMs` for those of the previous one. */
  async serve(backend: Backend, withinMs: number): Promise<void> {
    const before = this.#serving;
    this.#serving = this.#backends.get(backend)!;
    if (before !== this.#serving) await this.#drain(before, withinMs);
  }

  /** Answers new requests by `standIn`; waits up to `withinMs` for those under way. */
  async retire(standIn: StandIn, withinMs: number): Promise<void> {
    const before = this.#serving;
    this.#serving = undefined;
    this.#standIn = standInListener(standIn);
    await this.#drain(before, withinMs);
  }

  async #drain(before: Served | undefined, withinMs: number): Promise<void> {
    if (!before || before.open.size === 0) return;
    endStreams(before);
    const { promise, resolve } = Promise.withResolvers<void>();
    before.drained = resolve;
    const timer = setTimeout(resolve, withinMs);
    await promise;
    clearTimeout(timer);
  }

  async listen(port: number, host: string, metricsPort?: number): Promise<Listening> {
    const given = await listenOn(this.#server, port, host);
    const metrics = metricsPort === undefined ? null : await listenOn(this.#metricsServer, metricsPort, host);
    return {
      url: `${this.#tlsServer ? 'https' : 'http'}://${given}`,
      metricsUrl: metrics && `http://${metrics}`,
    };
  }

  /** Takes no more requests, and waits for those under way. */
  async close(): Promise<void> {
    await Promise.all([this.#server, this.#metricsServer].map(async (server) => this.#closeServer(server)));
  }

  async #closeServer(server: Server): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    if (this.#serving) endStreams(this.#serving);
    server.closeIdleConnections();
    await closed;
  }
}

/** @returns host and port under which it is reached */
async function listenOn(server: Server, port: number, host: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise;
  server.off('error', reject);
  const { address, family, port: given } = server.address() as AddressInfo;
  const shown = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${shown}:${given}`;
}

function secureContext({ cert, key, ca }: ServerTls) {
  return { cert, key, ...(ca !== undefined && { ca, requestCert: true, rejectUnauthorized: true }) };
}

/** Ends streams of server-sent events, which would stay open. Their clients connect again. */
function endStreams({ open }: Served): void {
  for (const response of open) if (response.getHeader('content-type') === 'text/event-stream') response.end();
}
