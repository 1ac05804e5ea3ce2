import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Pushed } from './images.ts';

/** Secret of the webhooks. */
export const secret = 'bench';
/** Time after which a push without a verdict is considered lost. */
const patienceMs = 60_000;

/**
 * Times at which the webhook of a push was sent, answered, and the verdict seen; all by the
 * sender's clock.
 */
export interface Times {
  sent: number;
  answered: number;
  seen: number;
}

export type Query = <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

/** Announces pushes and waits for their verdicts. */
export class Stopwatch {
  readonly #waiting = new Map<string, (seen: number) => void>();
  readonly #ingestPort: number;
  readonly #query: Query;
  readonly #lookEveryMs: number;

  constructor(ingestPort: number, query: Query, lookEveryMs = 4) {
    this.#ingestPort = ingestPort;
    this.#query = query;
    this.#lookEveryMs = lookEveryMs;
  }

  /**
   * Announces all pushes in `loops` parallel loops, of which each sends its next push once the last
   * one has its verdict; returns their times by tag.
   */
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

  /** One query for all pending pushes: the cost of polling must not grow with their number. */
  async #look(ended: AbortSignal): Promise<void> {
    let lastSeen = now();
    while (!ended.aborted) {
      const found = await this.#query<{ name: string; state: string }>(
        `SELECT repository || ':' || tag AS name, state FROM push
         WHERE finished_at IS NOT NULL AND received_at > now() - interval '5 minutes' AND (repository, tag) IN (
           SELECT name ->> 0, name ->> 1 FROM jsonb_array_elements($1) AS name)`,
        [JSON.stringify([...this.#waiting.keys()].map((name) => name.split(':')))],
      );
      for (const { name, state } of found) {
        if (state !== 'analyzed') throw new Error(`the push ${name} ended as ${state}`);
        this.#waiting.get(name)?.(now());
        this.#waiting.delete(name);
        lastSeen = now();
      }
      if (now() - lastSeen > patienceMs) throw new Error('a push has no verdict');
      await sleep(this.#lookEveryMs);
    }
  }
}

/** Milliseconds of the clock that PostgreSQL on the same machine uses too. */
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
