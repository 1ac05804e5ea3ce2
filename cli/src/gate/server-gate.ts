import { setTimeout as sleep } from 'node:timers/promises';

import { type IncompleteEffect, TidewaiterError } from '@tidewaiter/domain';

import { askApi, type Server } from '../server.js';
import type { GateAnswer } from './gate-answer.js';

export interface ServerFlags extends Server {
  /** How long to wait for an image that was pushed just now, in milliseconds. */
  wait: number;
}

interface Question {
  image: string;
  against?: string;
  failOn?: string;
  onIncomplete?: IncompleteEffect;
}

const askAgainMs = 2_000;

/**
 * Asks a platform instead of reading the image here.
 * @throws NotFound `IMAGE_UNKNOWN`; Unavailable `VERDICT_PENDING` where it takes longer than
 * `wait`, `SERVER_UNREACHABLE`;
 *   AccessDenied; InvalidInput
 */
export async function askServer(question: Question, flags: ServerFlags): Promise<GateAnswer> {
  const endsAt = performance.now() + flags.wait;
  for (;;) {
    try {
      const answer = await askApi('gate', question, flags, isAnswer);
      return { ...answer, ...(answer.digest !== null && { consoleUrl: imagePage(flags.server, answer.digest) }) };
    } catch (error) {
      if (!isTooEarly(error) || performance.now() + askAgainMs > endsAt) throw error;
      await sleep(askAgainMs);
    }
  }
}

function imagePage(server: string, digest: string): string {
  return new URL(`images/${digest}`, server.endsWith('/') ? server : `${server}/`).href;
}

/** A registry announces a push some time after it, and the image has to be read. */
function isTooEarly(error: unknown): boolean {
  return error instanceof TidewaiterError && (error.code === 'IMAGE_UNKNOWN' || error.code === 'VERDICT_PENDING');
}

function isAnswer(answer: unknown): answer is GateAnswer {
  const { result, reasons, findings } = (answer ?? {}) as Partial<Record<keyof GateAnswer, unknown>>;
  return typeof result === 'string' && Array.isArray(reasons) && Array.isArray(findings);
}
