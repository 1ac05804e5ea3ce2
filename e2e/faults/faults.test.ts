import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeWith, itWith, programs } from '@tidewaiter/testkit';

import { type Schedule, scheduleOf } from './schedule.ts';
import { describeSchedule, Suite } from './suite.ts';

/** A schedule takes some ten seconds; `npm run faults` runs as many as wanted. */
const schedules = 6;
/** Another seed would be as good; `npm run faults` tries many. */
const seed = 13;
/** The full disk of the rig sometimes cannot be given its room back; restores follow. */
const without = new Set(['disk-full', 'restore'] as const);
/** Schedules of another seed that restore PostgreSQL from an older copy of it. */
const restores = [76, 135];
const restoreSeed = 5;
const amount = { webhooks: 20, pushes: 1, events: 20, alerting: 5, loadMs: 1_000 };

describeWith(programs('docker-registry', 'skopeo'))('the platform under faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-faults-'));
  let suite: Suite;

  beforeAll(async () => {
    suite = await Suite.start(folder, seed);
  }, 180_000);

  afterAll(async () => {
    await suite?.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  for (let number = 0; number < schedules; number += 1) {
    const schedule = scheduleOf(seed, number, { loadMs: amount.loadMs, without });
    const kinds = schedule.faults.map(({ kind }) => kind);
    itWith(...(kinds.includes('clock') ? [programs('faketime')] : []))(
      `loses nothing and doubles nothing in schedule ${number}: ${kinds.join(', ')}`,
      async () => expectWhole([schedule]),
      300_000,
    );
  }

  it.each(restores)(
    'loses nothing and doubles nothing when PostgreSQL becomes an older copy (schedule %i)',
    async (number) => {
      const schedule = scheduleOf(restoreSeed, number, { loadMs: amount.loadMs, without: new Set() });
      expect(schedule.faults).toContainEqual(expect.objectContaining({ kind: 'restore' }));
      await expectWhole([schedule]);
    },
    300_000,
  );

  async function expectWhole(some: Schedule[]): Promise<void> {
    const { findings, skipped } = await suite.run(some, amount);
    expect(skipped).toEqual([]);
    const { violations, lost, doubled } = findings;
    const names = some.map(describeSchedule);
    expect({ names, violations, lost, doubled }).toEqual({ names, violations: [], lost: 0, doubled: 0 });
  }
});
