import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { AccessDenied, InvalidInput, NotFound, printable, TidewaiterError, Unavailable } from '@tidewaiter/domain';

import type { GateAnswer } from './gate-answer.js';

/** Where a platform is, and how long it may take. */
export interface ServerFlags {
  server: string;
  tokenFile: string;
  /** How long to wait for an image that was pushed just now, in milliseconds. */
  wait: number;
  timeout: number;
}

interface Question {
  image: string;
  against?: string;
  failOn?: string;
}

const askAgainMs = 2_000;

/**
 * Asks a platform instead of reading the image here.
 * @throws NotFound `IMAGE_UNKNOWN`; Unavailable `VERDICT_PENDING` where it takes longer than `wait`, `SERVER_UNREACHABLE`;
 *   AccessDenied; InvalidInput
 */
export async function askServer(question: Question, flags: ServerFlags): Promise<GateAnswer> {
  const token = await readToken(flags.tokenFile);
  const endsAt = performance.now() + flags.wait;
  for (;;) {
    try {
      return await ask(question, token, flags);
    } catch (error) {
      if (!isTooEarly(error) || performance.now() + askAgainMs > endsAt) throw error;
      await sleep(askAgainMs);
    }
  }
}

/** A registry tells of a push some time after it, and reading the image takes its own. */
function isTooEarly(error: unknown): boolean {
  return error instanceof TidewaiterError && (error.code === 'IMAGE_UNKNOWN' || error.code === 'VERDICT_PENDING');
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new NotFound('TOKEN_FILE_MISSING', `${file} cannot be read`, { cause });
  });
  if (/^[\x21-\x7e]+$/.test(text.trim())) return text.trim();
  throw new InvalidInput('TOKEN_INVALID', `${file} holds no token`);
}

async function ask(question: Question, token: string, { server, timeout }: ServerFlags): Promise<GateAnswer> {
  const response = await fetch(new URL('api/v1/gate', server.endsWith('/') ? server : `${server}/`), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(question),
    // A token goes to whom it was meant for.
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
  }).catch((cause: unknown) => {
    throw new Unavailable('SERVER_UNREACHABLE', `${server} does not answer`, { cause });
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isAnswer(answer)) return answer;
  throw failureOf(response.status, answer, server);
}

function isAnswer(answer: unknown): answer is GateAnswer {
  const { result, reasons, findings } = (answer ?? {}) as Partial<Record<keyof GateAnswer, unknown>>;
  return typeof result === 'string' && Array.isArray(reasons) && Array.isArray(findings);
}

/** The server's own code, for scripts. */
function failureOf(status: number, answer: unknown, server: string): TidewaiterError {
  const { code, title, detail } = (answer ?? {}) as { code?: unknown; title?: unknown; detail?: unknown };
  if (typeof code !== 'string')
    return new Unavailable('SERVER_ANSWER', `${server} is no Tidewaiter: it answers ${status}`);
  const message = [title, detail]
    .filter((text) => typeof text === 'string')
    .map((text) => printable(text))
    .join(': ');
  if (status === 404) return new NotFound(code, message);
  if (status === 401 || status === 403) return new AccessDenied(code, message);
  return status >= 500 ? new Unavailable(code, message) : new InvalidInput(code, message);
}
