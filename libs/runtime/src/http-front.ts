import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FastifyServerOptions } from 'fastify';

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

/** Server of a service, which hands each request to its present application: a reload closes no port. */
export class HttpFront {
  readonly #server = createServer({ connectionsCheckingInterval: checkMs }, (request, response) => {
    const served = this.#serving!;
    served.open.add(response);
    response.once('close', () => {
      served.open.delete(response);
      if (served.open.size === 0) served.drained?.();
    });
    served.listener(request, response);
  });

  readonly #backends = new WeakMap<Backend, Served>();
  #serving: Served | undefined;

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
    if (!before || before === this.#serving || before.open.size === 0) return;
    endStreams(before);
    const { promise, resolve } = Promise.withResolvers<void>();
    before.drained = resolve;
    const timer = setTimeout(resolve, withinMs);
    await promise;
    clearTimeout(timer);
  }

  /** @returns the URL under which it is reached */
  async listen(port: number, host: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen(port, host, resolve);
    await promise;
    this.#server.off('error', reject);
    const { address, family, port: given } = this.#server.address() as AddressInfo;
    const shown =
      address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
    return `http://${shown}:${given}`;
  }

  /** Takes no more requests, and waits for those under way. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    if (this.#serving) endStreams(this.#serving);
    this.#server.closeIdleConnections();
    await closed;
  }
}

/** Ends streams of server-sent events, which would stay open. Their clients connect again. */
function endStreams({ open }: Served): void {
  for (const response of open) if (response.getHeader('content-type') === 'text/event-stream') response.end();
}
