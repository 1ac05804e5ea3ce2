// node e2e/soak/run.ts --minutes 60; see docs/howto/soak.md.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { FaultyPlatform } from '../faults/platform.ts';
import { SeededRandom } from '../faults/random.ts';
import { Bombs } from './bombs.ts';
import { judgeSoak, soakLimits } from './growth.ts';
import { soakReport } from './report.ts';
import { Soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'warm-up': { type: 'string' },
    webhooks: { type: 'string', default: '2' },
    pushes: { type: 'string', default: '0.5' },
    events: { type: 'string', default: '6' },
    'no-burst': { type: 'boolean', default: false },
    folder: { type: 'string' },
    report: { type: 'string' },
  },
});

const minutes = Number(values.minutes);
const warmUpMinutes = Number(values['warm-up'] ?? Math.min(10, minutes / 5));
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'tidewaiter-soak-'));
const counted = { 'of the spool': join(folder, 'spool'), 'in temporary folders': join(folder, 'scratch') };
for (const path of Object.values(counted)) mkdirSync(path, { recursive: true });
console.log(`logs and samples: ${folder}`);
// The services inherit this.
process.env['TMPDIR'] = counted['in temporary folders'];
process.env['TIDEWAITER_SPOOL_DIR'] = counted['of the spool'];
// As the launcher and the image set it.
process.env['MALLOC_MMAP_THRESHOLD_'] = '131072';

const bombs = values['no-burst'] ? null : await Bombs.build();
const random = new SeededRandom(1);
const platform = await FaultyPlatform.start({ folder, random });
try {
  const soak = new Soak(platform, random, {
    folder,
    counted,
    minutes,
    warmUpMinutes,
    bombs,
    settleMinutes: Math.min(5, minutes / 5),
    webhooksPerSecond: Number(values.webhooks),
    newImagesPerSecond: Number(values.pushes),
    eventsPerSecond: Number(values.events),
  });
  const judgment = judgeSoak(await soak.run());
  const machine = `${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const report = soakReport(judgment, { minutes, warmUpMinutes, machine, load: soak.sent() }, soakLimits);
  console.log(report);
  if (values.report) writeFileSync(values.report, report);
  process.exitCode = judgment.violations.length > 0 ? 1 : 0;
} finally {
  await platform.stop();
}
// Ended by itself, Node spins for ever over the handles of connections that were refused.
process.exit();
