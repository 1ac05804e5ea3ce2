import { AccessDenied, NotFound } from '@tidewaiter/domain';
import type { ClaimedJob } from '@tidewaiter/store';
import { Registry } from 'prom-client';

import { ScannerMetrics } from '../scanner-metrics.js';
import { ReconcileRegistry } from './reconcile-registry.js';

const job = { key: 'main' } as ClaimedJob;

/** A registry of one repository whose tags come from `list`, over a store that records nothing. */
function reconcilerOf(list: () => Iterable<string>) {
  const metrics = new Registry();
  const warned: object[] = [];
  const client = {
    async *tags() {
      yield* list();
    },
  };
  const parts = [
    { transaction: async (work: (tx: object) => Promise<unknown>) => work({}) },
    { finish: async () => undefined },
    {},
    { looks: async () => new Map(), wasLookedAt: async () => true, completed: async () => undefined },
    { now: async () => new Date() },
    { digestOf: async () => `sha256:${'a'.repeat(64)}` },
    { client: () => client, reconciliation: () => ({ repositories: ['shop/app'], pauseMs: 0, newest: 3 }) },
    new ScannerMetrics(metrics, { all: async () => [] } as never),
    { warn: (fields: object) => warned.push(fields) },
  ] as unknown as ConstructorParameters<typeof ReconcileRegistry>;
  return { reconciler: new ReconcileRegistry(...parts), metrics, warned };
}

describe('ReconcileRegistry', () => {
  it.each([
    [
      'whose tags may not be listed',
      'REGISTRY_FORBIDDEN',
      function* () {
        yield* [] as string[];
        throw new AccessDenied('REGISTRY_FORBIDDEN', 'no');
      },
    ],
    [
      'of too many tags',
      'LIMIT_EXCEEDED',
      function* () {
        for (let tag = 0; ; tag += 1) yield `t${tag}`;
      },
    ],
  ])('counts and logs a repository %s', async (_what, code, list) => {
    const { reconciler, metrics, warned } = reconcilerOf(list);
    await reconciler.handle(job, new AbortController().signal);
    expect(warned).toMatchObject([{ connection: 'main', repository: 'shop/app', err: { code } }]);
    const metric = await metrics.getSingleMetric('tidewaiter_scanner_repositories_not_reconciled_total')!.get();
    expect(metric.values).toMatchObject([{ value: 1, labels: { source: 'main', code } }]);
  });

  it('is quiet about a repository that is gone', async () => {
    const { reconciler, warned } = reconcilerOf(function* () {
      yield* [] as string[];
      throw new NotFound('NAME_UNKNOWN', 'gone');
    });
    await reconciler.handle(job, new AbortController().signal);
    expect(warned).toEqual([]);
  });
});
