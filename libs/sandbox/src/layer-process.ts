/** The program of a process that reads layers, one after the other. */
import { read, writeSync } from 'node:fs';
import { promisify } from 'node:util';

import { analyzeLayer, type LayerOptions } from '@tidewaiter/analyzers';
import { LimitExceeded } from '@tidewaiter/domain';

import { type Frame, frameHead, frameHeadBytes, frameKinds, readFrameHead } from './frames.js';
import { packLayer } from './packed-layer.js';
import { sendError } from './sent-error.js';
import { encodeResult, type SentOptions, readOptions } from './sent-layer.js';

const readInto = promisify(read);

/** The blob comes in, and the result goes out. */
const input = 0;
const output = 1;

/** Memory of the frame that was received last. */
const head = Buffer.alloc(frameHeadBytes);
let payload = Buffer.alloc(0);

/**
 * Progress interval: often enough for the timer of the other side, and seldom enough to cost
 * nothing.
 */
const progressEveryMs = 1_000;
let progressSentAt = 0;

let readings = 0;

send(frameKinds.ready);
for (let frame = await receive(); frame; frame = await receive()) {
  // Drops chunks of a reading that ended before its blob.
  if (frame.kind === frameKinds.job) await work(readOptions(JSON.parse(frame.payload.toString()) as SentOptions));
}

async function work(options: LayerOptions): Promise<void> {
  readings = 0;
  try {
    const packed = packLayer(await analyzeLayer(open, { ...options, progressed }));
    send(frameKinds.done, ...encodeResult(packed));
  } catch (error) {
    send(frameKinds.failed, Buffer.from(JSON.stringify(sendError(explained(error)))));
  }
}

/** Requests the blob, and yields its chunks as they arrive, all in the same memory. */
async function* open(): AsyncGenerator<Uint8Array> {
  readings += 1;
  const own = readings;
  send(frameKinds.open);
  for (;;) {
    const frame = await receive();
    // The program is gone.
    if (!frame) process.exit();
    if (frame.reading !== own) continue;
    if (frame.kind === frameKinds.end) return;
    yield frame.payload;
  }
}

function progressed(): void {
  const now = performance.now();
  if (now - progressSentAt < progressEveryMs) return;
  progressSentAt = now;
  send(frameKinds.progress);
}

/** An allocation that the kernel refuses is a limit, and no defect. */
function explained(error: unknown): unknown {
  const isRefused = error instanceof RangeError && /allocation failed/i.test(error.message);
  return isRefused ? new LimitExceeded('maxMemoryMegabytes', 'layer that takes too much memory to read') : error;
}

function send(kind: number, ...payload: Uint8Array[]): void {
  let bytes = 0;
  for (const piece of payload) bytes += piece.length;
  for (const piece of [frameHead(kind, readings, bytes), ...payload]) {
    for (let at = 0; at < piece.length;) at += writeSync(output, piece, at);
  }
}

/** Receives a frame, which is valid until the next one. */
async function receive(): Promise<Frame | undefined> {
  if (!(await fill(head, frameHeadBytes))) return undefined;
  const { kind, reading, length } = readFrameHead(head);
  if (length > payload.length) payload = Buffer.allocUnsafeSlow(length);
  return (await fill(payload, length)) ? { kind, reading, payload: payload.subarray(0, length) } : undefined;
}

/** Reads bytes to the start of a buffer; false if the input ends before. */
async function fill(buffer: Buffer, length: number): Promise<boolean> {
  for (let at = 0; at < length;) {
    const { bytesRead } = await readInto(input, buffer, at, length - at, null);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}
