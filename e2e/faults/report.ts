import { failpointCatalog } from '@tidewaiter/runtime';

import type { Look, RecordedSitting } from './record.ts';
import { faultKinds } from './schedule.ts';

/** The report of some sittings, as Markdown. */
export function faultReport(sittings: readonly RecordedSitting[]): string {
  const looks = sittings.flatMap((sitting) => sitting.looks);
  const names = Object.keys(failpointCatalog);
  const passed = new Set(looks.flatMap((look) => look.passed));
  const killedAt = new Set(looks.flatMap((look) => look.killedAt));
  const not = (seen: ReadonlySet<string>) => names.filter((name) => !seen.has(name)).join(', ') || 'none';
  const times = totals(looks);
  const different = new Set(
    sittings.flatMap(({ seed, looks: some }) =>
      some.flatMap(({ schedules }) => schedules.map((number) => `${seed} ${number}`)),
    ),
  );
  const rows: [string, string | number][] = [
    ['different schedules', different.size],
    ['looks at everything', looks.length],
    ['messages repeated under their own id', times.repeats],
    ['looks with a violation', times.bad],
    ['recovery, median', times.median],
    ['recovery, longest', times.longest],
    ['recovery, longest at a load up to 2', totals(looks.filter(({ load }) => load <= 2)).longest],
    ['longest until everything had ended', duration(Math.max(0, ...looks.map(({ drainMs }) => drainMs)))],
    ['failpoints passed', `${names.filter((name) => passed.has(name)).length} of ${names.length}`],
    ['failpoints killed at', `${names.filter((name) => killedAt.has(name)).length} of ${names.length}`],
    ['machine', [...new Set(sittings.map(({ machine }) => machine))].join('; ')],
  ];
  const counts = faultKinds.map((kind) => {
    const sum = looks.reduce((total, { faults }) => total + (faults[kind] ?? 0), 0);
    return `| ${kind} | ${sum === 0 && looks.some(({ skipped }) => skipped.includes(kind)) ? 'skipped' : sum} |`;
  });
  const bad = sittings.flatMap(({ seed, looks: some }) =>
    some
      .filter(({ violations }) => violations.length > 0)
      .map(({ schedules, violations }) => `- seed ${seed}, ${rangesOf(schedules)}: ${violations.join('; ')}`),
  );
  return `| sitting | seed | schedules | webhooks | runtime events | lost | doubled | with a violation | recovery, longest | load | time | arguments |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${sittings.map(rowOf).join('\n')}
| all | | ${times.schedules} | ${times.webhooks} | ${times.events} | ${times.lost} | ${times.doubled} | ${times.bad} | ${times.longest} | ${times.load} | ${times.time} | |

| run | |
| --- | --- |
${rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}

| fault | times |
| --- | --- |
${counts.join('\n')}

Failpoints not passed: ${not(passed)}.

Failpoints not killed at: ${not(killedAt)}.
${bad.length === 0 ? '' : `\nViolations:\n\n${bad.join('\n')}\n`}`;
}

function rowOf({ sitting, seed, arguments: given, looks }: RecordedSitting): string {
  const { schedules, webhooks, events, lost, doubled, bad, longest, load, time } = totals(looks);
  const which = rangesOf(looks.flatMap((look) => look.schedules));
  const cells = [
    ...[sitting, seed, `${schedules} (${which})`, webhooks, events, lost, doubled, bad, longest, load, time],
    `\`${given}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

function totals(looks: readonly Look[]) {
  const sum = (of: (look: Look) => number) => looks.reduce((total, look) => total + of(look), 0);
  const recoveries = looks.flatMap(({ recoveryMs }) => recoveryMs ?? []).toSorted((a, b) => a - b);
  const loads = looks.map(({ load }) => load);
  const [schedules, seconds] = [sum((look) => look.schedules.length), sum((look) => look.seconds)];
  return {
    schedules,
    webhooks: sum((look) => look.webhooks),
    events: sum((look) => look.events),
    lost: sum((look) => look.lost),
    doubled: sum((look) => look.doubled),
    repeats: sum((look) => look.repeats),
    bad: looks.filter(({ violations }) => violations.length > 0).length,
    median: duration(recoveries[Math.floor(recoveries.length / 2)]),
    longest: duration(recoveries.at(-1)),
    load: loads.length === 0 ? '-' : `${Math.min(...loads)} to ${Math.max(...loads)}`,
    time: `${Math.round(seconds / 60)} min, ${(seconds / Math.max(1, schedules)).toFixed(1)} s each`,
  };
}

/** `0-19, 24` */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of [...new Set(numbers)].toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ') || 'none';
}

function duration(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1_000).toFixed(1)} s`;
}
