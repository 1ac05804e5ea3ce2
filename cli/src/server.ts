import { readFile } from 'node:fs/promises';

import {
  AccessDenied,
  InvalidInput,
  NotFound,
  printable,
  type TidewaiterError,
  Unavailable,
  version,
} from '@tidewaiter/domain';
import { InvalidArgumentError } from 'commander';

/** Where a platform is, what opens it, and for how many milliseconds to wait for an answer. */
export interface Server {
  server: string;
  tokenFile: string;
  timeout: number;
}

/** Reads `--server`. */
export function serverUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('Give an http or https URL.');
}

/**
 * Asks the API of a platform.
 * @param path below `/api/v1`
 * @param isAnswer whether it is what a Tidewaiter would say
 * @throws Unavailable `SERVER_UNREACHABLE`, `SERVER_ANSWER`; else as the platform says
 */
export async function askApi<Answer>(
  path: string,
  question: object,
  server: Server,
  isAnswer: (answer: unknown) => answer is Answer,
): Promise<Answer> {
  const body = { method: 'POST', body: JSON.stringify(question) };
  return request(path, body, server, isAnswer);
}

/**
 * Reads from the API of a platform.
 * @param path below `/api/v1`, with its query
 * @throws as {@link askApi}
 */
export async function getApi<Answer>(
  path: string,
  server: Server,
  isAnswer: (answer: unknown) => answer is Answer,
): Promise<Answer> {
  return request(path, {}, server, isAnswer);
}

/**
 * Deletes by the API of a platform.
 * @param path below `/api/v1`
 * @throws as {@link askApi}
 */
export async function deleteApi<Answer>(
  path: string,
  server: Server,
  isAnswer: (answer: unknown) => answer is Answer,
): Promise<Answer> {
  return request(path, { method: 'DELETE' }, server, isAnswer);
}

/**
 * Changes something of a platform.
 * @param path below `/api/v1`, with its query
 * @throws as {@link askApi}
 */
export async function changeApi<Answer>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  change: object | null,
  server: Server,
  isAnswer: (answer: unknown) => answer is Answer,
): Promise<Answer> {
  return request(path, { method, ...(change && { body: JSON.stringify(change) }) }, server, isAnswer);
}

/**
 * Asks the API of a platform without signing in.
 * @param path below `/api/v1`
 * @throws as {@link askApi}
 */
export async function askOpenly<Answer>(
  path: string,
  question: object,
  server: Pick<Server, 'server' | 'timeout'>,
  isAnswer: (answer: unknown) => answer is Answer,
): Promise<Answer> {
  return request(path, { method: 'POST', body: JSON.stringify(question) }, server, isAnswer);
}

/**
 * Opens a stream of the API of a platform; yields its text as it comes, until the platform ends it.
 * @param path below `/api/v1`
 * @throws as {@link askApi}
 */
export async function streamApi(path: string, server: Server, signal: AbortSignal): Promise<AsyncIterable<string>> {
  const opening = new AbortController();
  const timer = setTimeout(() => opening.abort(), server.timeout);
  const either = AbortSignal.any([opening.signal, signal]);
  const response = await send(path, {}, server, either).finally(() => clearTimeout(timer));
  if (response.ok && response.body) return textOf(response.body);
  throw failureOf(response.status, await response.json().catch(() => undefined), server.server);
}

async function* textOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    for await (const bytes of body) yield decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw new Unavailable('SERVER_UNREACHABLE', 'the connection ended', { cause });
  }
}

async function request<Answer>(
  path: string,
  more: Sent,
  server: Asked,
  isAnswer: (answer: unknown) => answer is Answer,
): Promise<Answer> {
  const response = await send(path, more, server, AbortSignal.timeout(server.timeout));
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isAnswer(answer)) return answer;
  throw failureOf(response.status, answer, server.server);
}

interface Sent {
  method?: string;
  body?: string;
}

type Asked = Pick<Server, 'server' | 'timeout'> & Partial<Server>;

async function send(path: string, more: Sent, { server, tokenFile }: Asked, signal: AbortSignal): Promise<Response> {
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  return fetch(new URL(`api/v1/${path}`, server.endsWith('/') ? server : `${server}/`), {
    ...more,
    headers: {
      'user-agent': `tidewaiter/${version}`,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(more.body !== undefined && { 'content-type': 'application/json' }),
    },
    // A token goes to whom it was meant for.
    redirect: 'error',
    signal,
  }).catch((cause: unknown) => {
    throw new Unavailable('SERVER_UNREACHABLE', `${server} does not answer`, { cause });
  });
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new NotFound('TOKEN_FILE_MISSING', `${file} cannot be read`, { cause });
  });
  if (/^[\x21-\x7e]+$/.test(text.trim())) return text.trim();
  throw new InvalidInput('TOKEN_INVALID', `${file} holds no token`);
}

/** Text of the server, of which each line stays one: it lists problems in lines. */
function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

/** The server's own code, for scripts. */
function failureOf(status: number, answer: unknown, server: string): TidewaiterError {
  const { code, title, detail } = (answer ?? {}) as { code?: unknown; title?: unknown; detail?: unknown };
  if (typeof code !== 'string')
    return new Unavailable('SERVER_ANSWER', `${server} is no Tidewaiter: it answers ${status}`);
  const message = [title, detail]
    .filter((text) => typeof text === 'string')
    .map((text) => printableLines(text))
    .join(': ');
  if (status === 404) return new NotFound(code, message);
  if (status === 401 || status === 403) return new AccessDenied(code, message);
  return status >= 500 ? new Unavailable(code, message) : new InvalidInput(code, message);
}
