import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Schedule, scheduleOf } from './schedule.ts';
import { describeSchedule, Suite } from './suite.ts';

const schedules = 20;
/** Schedules between two looks at everything. */
const together = 4;
/** Another seed would be as good; `npm run faults` tries many. */
const seed = 13;
/** Schedules that restore PostgreSQL from an older copy, of another seed. */
const restores = [76, 135];
const restoreSeed = 5;
const without = new Set<never>();
const amount = { webhooks: 20, pushes: 1, events: 20, alerting: 3, loadMs: 1_000 };

describe('the platform under faults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-faults-'));
  let suite: Suite;

  beforeAll(async () => {
    suite = await Suite.start(folder, seed);
  }, 180_000);

  afterAll(async () => {
    await suite?.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  it(`loses nothing and doubles nothing in ${schedules} schedules`, async () => {
    for (let first = 0; first < schedules; first += together) {
      const some = Array.from({ length: together }, (_, index) =>
        scheduleOf(seed, first + index, { loadMs: amount.loadMs, without }),
      );
      await expectWhole(some);
    }
  }, 1_200_000);

  it.each(restores)(
    'loses nothing and doubles nothing when PostgreSQL becomes an older copy (schedule %i)',
    async (number) => {
      const schedule = scheduleOf(restoreSeed, number, { loadMs: amount.loadMs, without });
      expect(schedule.faults).toContainEqual(expect.objectContaining({ kind: 'restore' }));
      await expectWhole([schedule]);
    },
    300_000,
  );

  async function expectWhole(some: Schedule[]): Promise<void> {
    const { findings } = await suite.run(some, amount);
    const { violations, lost, doubled } = findings;
    const names = some.map(describeSchedule);
    expect({ names, violations, lost, doubled }).toEqual({ names, violations: [], lost: 0, doubled: 0 });
  }
});
