import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { startHttpServer } from './http-server.js';

const maxBodyBytes = 4 << 20;

export interface ReceivedRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; undefined when it is not JSON. */
  body: unknown;
}

/**
 * `hang` never answers; `drop` closes the connection after reading the request, as a crash would;
 * `swallow` executes the request and then closes the connection, as a network failure would.
 */
export type SinkAnswer =
  | { status: number; headers?: Record<string, string>; body?: string | Record<string, unknown> }
  | 'hang'
  | 'drop'
  | 'swallow';

export interface HttpSink {
  url: string;
  /** Every request, refused ones included, in order. */
  received: ReceivedRequest[];
  /**
   * Sets the answers to the next requests, one each, before the usual answer applies again; `usual`
   * skips one.
   */
  next(...answers: (SinkAnswer | 'usual')[]): void;
  /** @throws Error when fewer than `count` requests came in time */
  waitFor(count: number, timeoutMs?: number): Promise<ReceivedRequest[]>;
  stop(): Promise<void>;
}

/** Fake HTTP service of a third party: records all requests, answers as configured. */
export async function httpSink(usual: (request: ReceivedRequest) => SinkAnswer): Promise<HttpSink> {
  const received: ReceivedRequest[] = [];
  const scripted: (SinkAnswer | 'usual')[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const read = await readRequest(request);
    received.push(read);
    const next = scripted.shift();
    if (next === 'swallow') usual(read);
    send(response, next === undefined || next === 'usual' ? usual(read) : next);
  };
  const { port, stop } = await startHttpServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    next: (...answers) => void scripted.push(...answers),
    waitFor: async (count, timeoutMs) => waitUntil(received, count, timeoutMs),
    stop,
  };
}

/** A receiver of webhooks that answers 200. */
export async function webhookSink(): Promise<HttpSink> {
  return httpSink(() => ({ status: 200 }));
}

/** The list itself, as soon as it has `count` items. */
export async function waitUntil<T>(list: T[], count: number, timeoutMs = 60_000): Promise<T[]> {
  const deadline = performance.now() + timeoutMs;
  while (list.length < count) {
    if (performance.now() > deadline) throw new Error(`${list.length} of ${count} arrived within ${timeoutMs} ms`);
    await sleep(10);
  }
  return list;
}

async function readRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new Error('request body too large');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return { method: request.method ?? '', path: request.url ?? '', headers: request.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, answer: SinkAnswer): void {
  if (answer === 'hang') return;
  if (answer === 'drop' || answer === 'swallow') {
    response.destroy();
    return;
  }
  const { status, headers = {}, body = '' } = answer;
  const json = typeof body !== 'string';
  response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/plain', ...headers });
  response.end(json ? JSON.stringify(body) : body);
}
