import { parentPort } from 'node:worker_threads';

import { analyzeLayer, type LayerOptions } from '@tidewaiter/analyzers';

import { packLayer } from './packed-layer.js';
import { type FromThread, handedOver, sendError, type ToThread } from './thread-messages.js';

const port = parentPort!;

/** Chunks of one reading that have arrived and are not consumed. */
interface Inbox {
  chunks: Uint8Array[];
  hasEnded: boolean;
  arrived: PromiseWithResolvers<void>;
}

let readings = 0;
let inbox: Inbox | undefined;

port.on('message', (message: ToThread) => {
  if (message.kind === 'job') {
    void work(message.options);
    return;
  }
  // Drops messages of an aborted reading that are still in transit.
  if (message.reading !== readings || !inbox) return;
  if (message.kind === 'chunk') inbox.chunks.push(message.chunk);
  else inbox.hasEnded = true;
  inbox.arrived.resolve();
});

async function work(options: LayerOptions): Promise<void> {
  try {
    const packed = packLayer(await analyzeLayer(open, { ...options, progressed }));
    const [entries, facts] = [handedOver(packed.entries), handedOver(packed.facts)];
    const layer = { ...packed, entries, facts };
    port.postMessage({ kind: 'done', layer } satisfies FromThread, [entries.buffer, facts.buffer]);
  } catch (error) {
    post({ kind: 'failed', error: sendError(error) });
  }
}

/** Requests the blob, and yields its chunks as they arrive. */
async function* open(): AsyncGenerator<Uint8Array> {
  readings += 1;
  const own: Inbox = { chunks: [], hasEnded: false, arrived: Promise.withResolvers() };
  inbox = own;
  post({ kind: 'open', reading: readings });
  for (;;) {
    for (let chunk = own.chunks.shift(); chunk; chunk = own.chunks.shift()) {
      post({ kind: 'taken' });
      yield chunk;
    }
    if (own.hasEnded) return;
    own.arrived = Promise.withResolvers();
    await own.arrived.promise;
  }
}

/**
 * Progress interval: often enough for the timer of the other side, and seldom enough to cost
 * nothing.
 */
const progressEveryMs = 1_000;
let progressSentAt = 0;

function progressed(): void {
  const now = performance.now();
  if (now - progressSentAt < progressEveryMs) return;
  progressSentAt = now;
  post({ kind: 'progress' });
}

function post(message: FromThread): void {
  port.postMessage(message);
}
