import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Pushed } from './images.ts';

/** Of the webhooks. */
export const secret = 'bench';
const lookEveryMs = 4;
/** Whatever has no verdict by then has been lost. */
const patienceMs = 60_000;

/** When the webhook of a push was sent, answered, and seen to have its verdict; all by the sender's clock. */
export interface Times {
  sent: number;
  answered: number;
  seen: number;
}

export type Query = <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

/** Announces pushes and sees them end. */
export class Stopwatch {
  readonly #waiting = new Map<string, (seen: number) => void>();
  readonly #ingestPort: number;
  readonly #query: Query;

  constructor(ingestPort: number, query: Query) {
    this.#ingestPort = ingestPort;
    this.#query = query;
  }

  /** Announces all of them, so many at once, each loop the next when its last one has its verdict; answers them by tag. */
  async timeAll(pushes: readonly Pushed[], loops: number): Promise<Map<string, Times>> {
    const times = new Map<string, Times>();
    const rest = pushes.values();
    const loop = async () => {
      for (const push of rest) times.set(push.tag, await this.#time(push));
    };
    const ended = new AbortController();
    const announced = Promise.all(Array.from({ length: loops }, loop)).finally(() => ended.abort());
    await Promise.all([announced, this.#look(ended.signal)]);
    return times;
  }

  async #time(push: Pushed): Promise<Times> {
    const { promise, resolve: see } = Promise.withResolvers<number>();
    this.#waiting.set(`${push.repository}:${push.tag}`, see);
    const sent = now();
    await announce(this.#ingestPort, push);
    const answered = now();
    return { sent, answered, seen: await promise };
  }

  /** One query for all that are under way: what looking costs must not grow with their number. */
  async #look(ended: AbortSignal): Promise<void> {
    let lastSeen = now();
    while (!ended.aborted) {
      const found = await this.#query<{ name: string; state: string }>(
        `SELECT repository || ':' || tag AS name, state FROM push
         WHERE finished_at IS NOT NULL AND repository || ':' || tag = ANY($1)`,
        [[...this.#waiting.keys()]],
      );
      for (const { name, state } of found) {
        if (state !== 'analyzed') throw new Error(`the push ${name} ended as ${state}`);
        this.#waiting.get(name)?.(now());
        this.#waiting.delete(name);
        lastSeen = now();
      }
      if (now() - lastSeen > patienceMs) throw new Error('a push has no verdict');
      await sleep(lookEveryMs);
    }
  }
}

/** Milliseconds of the clock that PostgreSQL on the same machine has too. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function announce(port: number, { repository, tag, digest }: Pushed): Promise<void> {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository, tag };
  const event = { id: randomUUID(), timestamp: new Date().toISOString(), action: 'push', target };
  const answer = await fetch(`http://127.0.0.1:${port}/hooks/registry/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ events: [event] }),
  });
  if (answer.status !== 202) throw new Error(`ingest answered ${answer.status}`);
}
