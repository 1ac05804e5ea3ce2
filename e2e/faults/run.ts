// node e2e/faults/run.ts --schedules 50 --seed 1; see docs/howto/faults.md.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { batches } from './batches.ts';
import type { Amount } from './load.ts';
import { pointSchedules } from './point-schedules.ts';
import { Recorder } from './record.ts';
import { faultReport } from './report.ts';
import { checkable, type FaultKind, faultKinds, type Schedule, scheduleOf, servicePoints } from './schedule.ts';
import { describeSchedule, type BatchOutcome, Suite } from './suite.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '20' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    points: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    webhooks: { type: 'string', default: '200' },
    events: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '4' },
    together: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    record: { type: 'string' },
    report: { type: 'string' },
    folder: { type: 'string' },
  },
});

const seed = Number(values.seed);
const amount: Amount = {
  webhooks: Number(values.webhooks),
  pushes: 5,
  events: Number(values.events),
  alerting: Math.ceil(Number(values.events) / 10),
  loadMs: Number(values.seconds) * 1_000,
};
const without = new Set(values.without.split(',').filter(Boolean) as FaultKind[]);
const unknown = [...without].filter((kind) => !faultKinds.includes(kind));
if (unknown.length > 0) throw new Error(`no such fault: ${unknown.join(', ')}; there are ${faultKinds.join(', ')}`);

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'tidewaiter-faults-'));
mkdirSync(folder, { recursive: true });
console.log(`logs and histories: ${folder}`);
const suite = await Suite.start(folder, seed);
const recorder = new Recorder(
  {
    sitting: new Date().toISOString().replace(/\.\d+/, ''),
    seed,
    arguments: process.argv.slice(2).join(' '),
    machine: `${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  },
  values.record,
);
let isStopped = false;
// The schedule that runs still ends, so that no process is left behind.
process.once('SIGINT', () => (isStopped = true));
process.once('SIGTERM', () => void suite.stop().finally(() => process.exit(143)));
const began = performance.now();
try {
  // Leaves incidents and deliveries, on which people act at some failpoints.
  if (values.points) await suite.run([{ number: servicePoints.length, seed, faults: [] }], amount);
  for (const some of batches(schedules(), Number(values.together))) {
    if (isStopped || performance.now() - began > Number(values.minutes) * 60_000) break;
    const beganLook = performance.now();
    const outcome = await suite.run(checkable(some), amount, Number(values['at-once']));
    recorder.add(outcome, {
      seconds: (performance.now() - beganLook) / 1_000,
      load: loadavg()[0]!,
      passed: [...suite.platform.visited()],
      killedAt: [...suite.platform.killedAt],
    });
    print(outcome);
  }
} catch (error) {
  // Senders that fail once the servers are stopped could end the process before it is shown.
  console.error(error);
  process.exitCode = 2;
} finally {
  await suite.stop();
}
const report = faultReport([recorder.sitting]);
console.log(report);
if (values.report) writeFileSync(values.report, report);
// Ended by itself, Node spins for ever over the handles of connections that were refused.
process.exit(process.exitCode ?? (recorder.sitting.looks.some(({ violations }) => violations.length > 0) ? 1 : 0));

function* schedules(): Generator<Schedule> {
  const options = { loadMs: amount.loadMs, without };
  const only = values.only?.split(',').map(Number);
  if (values.points) {
    const all = pointSchedules(seed, servicePoints);
    yield* only === undefined ? all : all.filter(({ number }) => only.includes(number));
  } else if (only !== undefined) yield* only.map((number) => scheduleOf(seed, number, options));
  else {
    const [from, count] = [Number(values.from), Number(values.schedules)];
    for (let number = from; number < from + count; number += 1) yield scheduleOf(seed, number, options);
  }
}

function print({ schedules: some, findings, skipped, loadMs, drainMs, historyFile }: BatchOutcome): void {
  const { violations, recoveryMs } = findings;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  const recovery = recoveryMs === null ? 'not recovered' : `recovered in ${seconds(recoveryMs)}`;
  const times = `${seconds(loadMs)} + ${seconds(drainMs)}, ${recovery}, load ${loadavg()[0]!.toFixed(1)}`;
  const what = some.map(describeSchedule).join('\n     ');
  console.log(`${violations.length === 0 ? 'good' : 'BAD '} ${what} (${times})`);
  if (skipped.length > 0) console.log(`  skipped: ${skipped.map(({ kind }) => kind).join(', ')}`);
  for (const { invariant, what } of violations.slice(0, 12)) console.log(`  ${invariant} ${what}`);
  if (violations.length > 12) console.log(`  … and ${violations.length - 12} more`);
  if (historyFile !== null)
    console.log(
      `  again: npm run faults -- --seed ${seed} --together ${some.length} --at-once ${values['at-once']} --only ${some.map(({ number }) => number).join(',')}; history: ${historyFile}`,
    );
}
