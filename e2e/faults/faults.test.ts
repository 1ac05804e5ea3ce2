import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeWith, programs } from '@tidewaiter/testkit';

import { batches } from './batches.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { describeSchedule, Suite } from './suite.ts';

const amount = { webhooks: 20, pushes: 1, events: 20, alerting: 5, loadMs: 1_000 };
/** Another seed would be as good; `npm run faults` tries many. */
const seed = 13;
/** A restore hides what other faults do, so its schedules are a group of their own. */
const mixed = Array.from({ length: 18 }, (_, number) =>
  scheduleOf(seed, number, { loadMs: amount.loadMs, without: new Set(['restore'] as const) }),
);
/** Schedules of another seed that restore PostgreSQL from an older copy of it. */
const restores = [76, 135].map((number) => scheduleOf(5, number, { loadMs: amount.loadMs, without: new Set() }));
/** Schedules that are checked together: everything has to end once for each group. */
const together = 6;
/** Schedules of which load and faults overlap. */
const atOnce = 2;

describeWith(programs('docker-registry', 'skopeo', 'faketime'))('the platform under faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-faults-'));
  let suite: Suite;

  beforeAll(async () => {
    suite = await Suite.start(folder, seed);
  }, 180_000);

  afterAll(async () => {
    await suite?.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  it.each([...batches(mixed, together)].map((some) => [numbersOf(some), some] as const))(
    'loses nothing and doubles nothing in the schedules %s',
    async (_, some) => expectWhole(some, atOnce),
    600_000,
  );

  it('loses nothing and doubles nothing when PostgreSQL becomes an older copy', async () => {
    for (const { faults } of restores) expect(faults.map(({ kind }) => kind)).toContain('restore');
    await expectWhole(restores);
  }, 600_000);

  async function expectWhole(some: Schedule[], overlapping = 1): Promise<void> {
    const { findings, skipped } = await suite.run(some, amount, overlapping);
    // Only root may make the disk that is filled.
    const allowed = suite.platform.disk === null ? ['disk-full'] : [];
    expect(skipped.filter(({ kind }) => !allowed.includes(kind))).toEqual([]);
    const { violations, lost, doubled } = findings;
    const names = some.map(describeSchedule);
    expect({ names, violations, lost, doubled }).toEqual({ names, violations: [], lost: 0, doubled: 0 });
  }
});

function numbersOf(some: readonly Schedule[]): string {
  return some.map(({ number }) => number).join(', ');
}
