import type { LayerOptions } from '@tidewaiter/analyzers';
import {
  AccessDenied,
  InvalidInput,
  LimitExceeded,
  MalformedFile,
  NotFound,
  TidewaiterError,
} from '@tidewaiter/domain';

import type { PackedLayer } from './packed-layer.js';

/** Messages to the thread of a job. */
export type ToThread =
  | { kind: 'job'; options: LayerOptions }
  | { kind: 'chunk'; reading: number; chunk: Uint8Array<ArrayBuffer> }
  | { kind: 'end'; reading: number };

/** Messages from the thread of a job. */
export type FromThread =
  /** Requests the blob from its start, for the `reading`-th time. */
  | { kind: 'open'; reading: number }
  /** Has taken one more chunk. */
  | { kind: 'taken' }
  /** Reads on, which may take long for a chunk that unpacks to gigabytes. */
  | { kind: 'progress' }
  | { kind: 'done'; layer: PackedLayer }
  | { kind: 'failed'; error: SentError };

/**
 * Bytes whose memory can be transferred to another thread: their own memory if they own all of it,
 * else a copy.
 */
export function handedOver(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = piece;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === piece.byteLength;
  return isAlone ? new Uint8Array(buffer) : new Uint8Array(piece);
}

/** Error sent to another thread, where it is no longer an instance of its class. */
export interface SentError {
  kind: keyof typeof classes | 'bug';
  code: string;
  message: string;
  stack: string | undefined;
}

const classes = { AccessDenied, InvalidInput, LimitExceeded, MalformedFile, NotFound };

export function sendError(error: unknown): SentError {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const kind = Object.keys(classes).find((name) => error instanceof TidewaiterError && error.name === name);
  const code = error instanceof LimitExceeded ? error.limit : error instanceof TidewaiterError ? error.code : '';
  return { kind: (kind as SentError['kind'] | undefined) ?? 'bug', code, message, stack };
}

export function receiveError({ kind, code, message, stack }: SentError): Error {
  if (kind === 'MalformedFile') return new MalformedFile(message);
  if (kind !== 'bug') return new classes[kind](code, message);
  const bug = new Error(message);
  if (stack !== undefined) bug.stack = stack;
  return bug;
}
