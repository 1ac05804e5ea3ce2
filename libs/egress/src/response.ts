import { LimitExceeded, Unavailable } from '@tidewaiter/domain';
import type { Dispatcher } from 'undici';

import { egressFailure } from './failure.js';
import { atLeast, type LeastRate } from './least-rate.js';

/**
 * Response to a request. Read the body to its end, or call `discard`: until then the connection is
 * in use.
 */
export interface EgressResponse {
  status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  headers: Record<string, string>;
  /** Final URL after redirects. Not for logs: its path and query may be a secret. */
  url: string;
  /**
   * Bytes as sent. @throws Unavailable `EGRESS_TIMEOUT` or `EGRESS_UNREACHABLE` when the connection
   * breaks, `EGRESS_TOO_SLOW` below the least rate.
   */
  body: AsyncIterable<Uint8Array>;
  /** @throws LimitExceeded when there are more bytes than that. */
  bytes(limitBytes: number): Promise<Buffer>;
  /** As UTF-8. @throws LimitExceeded when there are more bytes than that. */
  text(limitBytes: number): Promise<string>;
  /** @throws LimitExceeded as `text`. @throws Unavailable `EGRESS_NOT_JSON`. */
  json(limitBytes: number): Promise<unknown>;
  /**
   * Reads and drops a small rest, so that the connection can be used again; cuts a large one. Never
   * throws.
   */
  discard(): Promise<void>;
}

const DISCARD_LIMIT_BYTES = 64 * 1024;
const DISCARD_TIMEOUT_MS = 2_000;

/** Wraps undici's response so that every way of reading is bounded and fails with our errors. */
export function toEgressResponse(
  url: URL,
  data: Dispatcher.ResponseData,
  { signal, leastRate }: { signal?: AbortSignal | undefined; leastRate?: LeastRate | undefined },
): EgressResponse {
  const { origin } = url;
  const whole = readBody(origin, data.body, signal);
  const body = leastRate ? atLeast(whole, leastRate, origin) : whole;
  const bytes = (limitBytes: number) => collect(origin, body, limitBytes);
  const text = async (limitBytes: number) => (await bytes(limitBytes)).toString('utf8');
  return {
    status: data.statusCode,
    headers: flatten(data.headers),
    url: url.href,
    body,
    bytes,
    text,
    json: async (limitBytes) => parse(origin, await text(limitBytes)),
    discard: () => discard(data.body),
  };
}

/** Drops the rest of an unwanted body. */
export async function discard(body: Dispatcher.ResponseData['body']): Promise<void> {
  const signal = AbortSignal.timeout(DISCARD_TIMEOUT_MS);
  await body.dump({ limit: DISCARD_LIMIT_BYTES, signal }).catch(() => undefined);
}

async function* readBody(origin: string, body: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
  try {
    yield* body;
  } catch (error) {
    throw egressFailure(origin, error, signal);
  }
}

async function collect(origin: string, body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limitBytes) throw new LimitExceeded('responseBytes', `${origin} sends more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function parse(origin: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may be a token: it is not kept as the cause.
    throw new Unavailable('EGRESS_NOT_JSON', `${origin} does not answer with JSON`);
  }
}

function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
