import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { scheduleOf } from './schedule.ts';
import { describeSchedule, Suite } from './suite.ts';

const schedules = 20;
/** Schedules between two looks at everything. */
const together = 4;
/** Another seed would be as good; `npm run faults` tries many. */
const seed = 13;
/** A restore under load still loses and doubles: bench/faults-report.md. */
const without = new Set(['restore'] as const);
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
      const { findings } = await suite.run(some, amount);
      const { violations, lost, doubled } = findings;
      const names = some.map(describeSchedule);
      expect({ names, violations, lost, doubled }).toEqual({ names, violations: [], lost: 0, doubled: 0 });
    }
  }, 1_200_000);
});
