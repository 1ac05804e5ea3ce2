import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentRun } from '@tidewaiter/servers';

import { type Tidewaiter, until } from '../tidewaiter.js';
import type { Outage } from './cells.js';

const sampleEveryMs = 100;

/** Services that use the server of a check. */
const usedBy = {
  postgres: ['ingest', 'scanner', 'detector', 'notifier', 'console'],
  nats: ['ingest', 'scanner', 'detector', 'notifier', 'console'],
  redis: ['scanner', 'notifier'],
} as const;

interface Sample {
  status: number;
  problems: Record<string, string>;
}

/** `/readyz` of every service, read again and again. */
export interface ReadinessWatch {
  /** Waits until every service that uses the lost server answers 503 and names it. */
  untilNamed(outage: Outage): Promise<void>;
  /** Waits until every service is ready. */
  untilReady(): Promise<void>;
  /** When a service was last seen not ready; the start of the watch if never. */
  lastNotReadyAt(): number;
  stop(): Promise<void>;
}

export async function watchReadiness({ home }: Tidewaiter): Promise<ReadinessWatch> {
  const { services } = (await currentRun(join(home, '.tidewaiter')))!;
  const latest = new Map<string, Sample>();
  let lastNotReadyAt = performance.now();
  const stopping = new AbortController();
  const watch = async ({ name, healthUrl }: (typeof services)[number]): Promise<void> => {
    while (!stopping.signal.aborted) {
      const answer = await fetch(`${healthUrl}/readyz`);
      const { problems } = (await answer.json()) as Pick<Sample, 'problems'>;
      latest.set(name, { status: answer.status, problems });
      if (answer.status !== 200) lastNotReadyAt = performance.now();
      await sleep(sampleEveryMs);
    }
  };
  const watches = services.map(watch);
  const forAll = (names: readonly string[], isTrue: (sample: Sample) => boolean) =>
    names.every((name) => latest.has(name) && isTrue(latest.get(name)!));
  return {
    untilNamed: async ({ name, check }) =>
      until(`services name the loss of ${name}`, () =>
        forAll(usedBy[check], ({ status, problems }) => status === 503 && problems[check] !== undefined),
      ),
    async untilReady() {
      // Answers from before this call do not count.
      latest.clear();
      const names = services.map(({ name }) => name);
      const isReady = () => forAll(names, ({ status }) => status === 200);
      await until('every service is ready', isReady).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(Object.fromEntries(latest))}`);
      });
    },
    lastNotReadyAt: () => lastNotReadyAt,
    async stop() {
      stopping.abort();
      await Promise.all(watches);
    },
  };
}
