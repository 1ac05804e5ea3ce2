import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readRecords, Recorder } from './record.ts';
import { faultReport } from './report.ts';
import type { BatchOutcome } from './suite.ts';

const outcome: BatchOutcome = {
  schedules: [
    { number: 4, seed: 7, faults: [{ atMs: 0, kind: 'kill', target: 'scanner-1' }] },
    { number: 5, seed: 7, faults: [{ atMs: 0, kind: 'wipe', target: 'nats' }] },
  ],
  findings: { violations: [], lost: 0, doubled: 0, repeats: 1, recoveryMs: 3_000 },
  skipped: [],
  webhooks: 400,
  events: 390,
  loadMs: 8_000,
  drainMs: 1_000,
  historyFile: null,
};
const sitting = { sitting: '2026-01-02T03:04:05Z', seed: 7, arguments: '--from 4', machine: '2 processors' };
const more = { seconds: 20.4, load: 1.26, passed: ['queue.claimed'], killedAt: ['queue.claimed'] };

describe('record of a run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-record-'));
  const file = join(folder, 'seed-7.ndjson');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('keeps every look of a run that was killed, and what a failpoint adds once', () => {
    const recorder = new Recorder(sitting, file);
    recorder.add(outcome, more);
    recorder.add(outcome, { ...more, passed: ['queue.claimed', 'hooks.stored'] });
    appendFileSync(file, '{"schedules":[6],"fau');
    const [read] = readRecords(file);
    expect(read).toEqual(recorder.sitting);
    expect(read!.looks.map(({ passed }) => passed)).toEqual([['queue.claimed'], ['hooks.stored']]);
    expect(readFileSync(file, 'utf8').split('\n')[1]!.length).toBeLessThan(400);
  });

  it('goes on behind a cut line, and adds up to one report', () => {
    const violations = [{ invariant: 'I2' as const, what: 'harbor s6-1 is 2 pushes' }];
    const doubled = { ...outcome, findings: { ...outcome.findings, violations, doubled: 1, recoveryMs: 9_000 } };
    appendFileSync(file, '\n');
    new Recorder({ ...sitting, sitting: '2026-01-02T04:04:05Z' }, file).add(doubled, { ...more, load: 7 });
    const report = faultReport(readRecords(file));
    expect(report).toContain('| all | | 6 | 1200 | 1170 | 0 | 1 | 1 | 9.0 s | 1.3 to 7 |');
    expect(report).toContain('| different schedules | 2 |');
    expect(report).toContain('| recovery, longest at a load up to 2 | 3.0 s |');
    expect(report).toContain('| wipe | 3 |');
    expect(report).toContain('- seed 7, 4-5: I2 1 (harbor s6-1 is 2 pushes)');
  });
});
