import type { GrowthRule, SoakJudgment, SoakLimits } from './growth.ts';

export interface SoakFacts {
  minutes: number;
  warmUpMinutes: number;
  machine: string;
  /** Numbers of what was sent, by name. */
  load: Readonly<Record<string, string | number>>;
}

/** The report of a soak, as Markdown. */
export function soakReport(judgment: SoakJudgment, facts: SoakFacts, limits: SoakLimits): string {
  const { processes, burst, stores, violations } = judgment;
  const rows: Record<string, string | number> = {
    time: `${facts.minutes} minutes, the first ${facts.warmUpMinutes} to warm up`,
    machine: facts.machine,
    ...facts.load,
    'most unconfirmed events of the outbox': judgment.maxUnconfirmed,
    'longest unconfirmed': `${judgment.oldestUnconfirmedSeconds.toFixed(1)} s (limit ${limits.unconfirmedSeconds} s)`,
    'memory of all processes before, at the peak of and after the burst': burstCell(burst),
    violations: violations.length === 0 ? 'none' : violations.length,
  };
  const number = (value: number | null, digits = 0) => (value === null ? '-' : value.toFixed(digits));
  const processRows = processes.map((each) =>
    [
      each.name,
      number(each.firstMiB),
      number(each.lastMiB),
      number(each.maxMiB),
      number(each.slopeMiBPerMinute, 2),
      number(each.heapSlopeMiBPerMinute, 2),
      each.lastOpenFiles,
      burstCell(each),
    ].join(' | '),
  );
  const storeRows = stores
    .filter(({ name, first, last }) => (first > 0 || last > 0) && !(name.startsWith('Redis ') && first === last))
    .map((each) =>
      [
        each.name,
        each.first,
        each.last,
        number(each.perMinute, 1),
        number(each.lastBytes === null ? null : each.lastBytes / 1_024),
        number(each.bytesPerMinute === null ? null : each.bytesPerMinute / 1_024, 1),
        ruleCell(each.rule),
      ].join(' | '),
    );
  return `| run | |
| --- | --- |
${Object.entries(rows)
  .map(([name, value]) => `| ${name} | ${value} |`)
  .join('\n')}

Memory in MiB, slopes by Theil and Sen after the warm-up (limit ${limits.slopeMiBPerMinute} a minute):

| process | warm | last | most | a minute | heap a minute | open files | burst: before, peak, after |
| --- | --- | --- | --- | --- | --- | --- | --- |
${processRows.map((row) => `| ${row} |`).join('\n')}

| store | warm | last | a minute | KiB | KiB a minute | what ends its growth |
| --- | --- | --- | --- | --- | --- | --- |
${storeRows.map((row) => `| ${row} |`).join('\n')}
${violations.length === 0 ? '' : `\nViolations:\n\n${violations.map((violation) => `- ${violation}`).join('\n')}\n`}`;
}

function burstCell({ beforeMiB, peakMiB, afterMiB }: SoakJudgment['burst']): string {
  return beforeMiB === null ? '-' : [beforeMiB, peakMiB!, afterMiB!].map((each) => each.toFixed(0)).join(', ');
}

function ruleCell(rule: GrowthRule | null): string {
  if (rule === null) return '-';
  return rule.isPermanent ? `none needed: ${rule.text}` : rule.text;
}
