/** Evaluates attacks and ordinary life with the shipped rules: see README.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env } from 'node:process';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

import {
  type DetectionAlert,
  isLevelAtLeast,
  missingFrom,
  readStoryline,
  recordOf,
  replayRecords,
  type Storyline,
} from '@tidewaiter/detection';
import { factsFromFile } from '@tidewaiter/facts';
import { loadRules } from '@tidewaiter/sigma';

import { ownRuleTexts } from './detection-load.ts';
import { evaluateFolds, type Recording, writeCalibration } from './folds-by-family.ts';
import { ordinaryFacts, ordinaryRecord, readOrdinaryLines } from './ordinary-lines.ts';

const { values: options, positionals: wanted } = parseArgs({
  options: { details: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const shared = resolve(env['TIDEWAITER_SHARED'] ?? '../shared', 'detection');
const storyFolders = readdirSync(shared).filter((name) => name.startsWith('storylines'));
const rules = loadRules(ownRuleTexts());
for (const { file, reason } of rules.refused) console.log(`${file}: ${reason}`);

const parts: Record<string, () => void> = {
  stories: () => {
    for (const folder of storyFolders) evaluateStories(folder, storiesIn(join(shared, folder)));
  },
  days: evaluateDays,
  probes: evaluateProbes,
  ordinary: evaluateOrdinary,
  folds: () => evaluateFolds(recordings()),
};
if (wanted.includes('calibrate')) writeCalibration(recordings());
for (const [name, evaluate] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) evaluate();

function recordings(): Recording[] {
  const folders = [...storyFolders, 'ordinary/days'];
  const stories = folders.flatMap((folder) => storiesIn(join(shared, folder)));
  return stories.map((story) => ({ ...story, alerts: replayRecords(rules, story).alerts }));
}

function storiesIn(folder: string): Storyline[] {
  return readdirSync(folder).flatMap((file) => {
    const name = /^(.+)\.expected\.json$/.exec(file)?.[1];
    if (name === undefined) return [];
    const plain = join(folder, `${name}.jsonl`);
    const lines = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
    const text = (kind: string) => readFileSync(join(folder, `${name}.${kind}.json`), 'utf8');
    return [readStoryline(name, { lines: lines.toString(), facts: text('facts'), expected: text('expected') })];
  });
}

function evaluateStories(title: string, stories: readonly Storyline[]): void {
  const results = stories.map((story) => ({ story, problems: problemsOf(story) }));
  for (const kind of ['attack', 'benign']) {
    const of = results.filter(({ story }) => story.expected.kind === kind);
    console.log(`${title}, ${kind}: ${of.filter(({ problems }) => problems.length === 0).length} of ${of.length}`);
    for (const { story, problems } of of)
      if (problems.length > 0) console.log([`  ${story.name}`, ...problems.map((each) => `    ${each}`)].join('\n'));
  }
}

function problemsOf(story: Storyline): string[] {
  const { alerts, incidents } = replayRecords(rules, story);
  const { expected } = story;
  const shown = incidents.map(
    ({ severity, title, workload, openedBy }) => `incident: ${severity} ${title}, ${workload} (${openedBy})`,
  );
  if (options.details) for (const alert of alerts) shown.push(`alert: ${inShort(alert)}`);
  const [incident] = incidents;
  if (expected.kind === 'benign') {
    const tooLoud = alerts.filter(({ severity }) => !isLevelAtLeast(expected.max_alert_severity ?? 'low', severity));
    return incidents.length + tooLoud.length === 0
      ? []
      : [...shown, ...tooLoud.map((alert) => `loud: ${inShort(alert)}`)];
  }
  if (incident === undefined) return ['no incident', ...shown];
  const best = incidents
    .map((each) => missingFrom(each, expected.incidents[0]!, story.records))
    .toSorted((a, b) => a.length - b.length)[0]!;
  const noise = incidents
    .flatMap(({ steps }) => steps.flatMap(({ events }) => events))
    .filter((event) => expected.noise_events?.includes(event));
  const problems = [
    ...(incidents.length > expected.max_incidents ? [`${incidents.length} incidents`] : []),
    ...best,
    ...noise.map((event) => `noise: ${event}`),
  ];
  return problems.length === 0 ? [] : [...shown, ...problems];
}

function inShort({ severity, weight, title, events, techniques, lowered, context }: DetectionAlert): string {
  const place = context.workload ?? context.node ?? '';
  return `${severity}/${weight} ${title} [${techniques.join()}] ${place} ${events.slice(-3).join()}${lowered ? ` lowered: ${lowered}` : ''}`;
}

function evaluateDays(): void {
  console.log('\nday                              events  incidents  high+  alerts medium+');
  for (const day of storiesIn(join(shared, 'ordinary/days'))) {
    const { alerts, incidents } = replayRecords(rules, day);
    const high = incidents.filter(({ severity }) => severity === 'high' || severity === 'critical').length;
    const loud = alerts.filter(({ severity, lowered }) => lowered === null && isLevelAtLeast(severity, 'medium'));
    console.log(
      `${day.name.padEnd(32)} ${String(day.records.length).padStart(6)} ${String(incidents.length).padStart(10)} ${String(high).padStart(6)} ${String(loud.length).padStart(15)}`,
    );
    for (const { severity, title, workload, openedBy, steps } of incidents)
      console.log(
        `  incident: ${severity} ${title}, ${workload} (${openedBy})\n${steps.map((step) => `      ${step.title} ${step.events.slice(0, 4).join()}`).join('\n')}`,
      );
    if (options.details) for (const alert of loud) console.log(`  ${inShort(alert)}`);
  }
}

interface Probe {
  id: string;
  technique: string;
  what: string;
  expect: 'alert' | 'no_alert';
  min_severity: DetectionAlert['severity'];
  events: Parameters<typeof recordOf>[0][];
  facts: unknown;
}

function evaluateProbes(): void {
  for (const file of readdirSync(shared).filter((name) => name.startsWith('technique-probes'))) {
    const probes = readFileSync(join(shared, file), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Probe);
    const failed = probes.filter((probe) => !isRight(probe));
    console.log(`\n${file}: ${probes.length - failed.length} of ${probes.length}`);
    for (const { id, technique, what, expect } of failed) console.log(`  ${id} ${technique} ${expect}: ${what}`);
  }
}

function isRight({ technique, expect, min_severity: least, events, facts }: Probe): boolean {
  const { cluster } = factsFromFile(facts);
  const records = events.map((event) => recordOf(event, cluster));
  const { alerts } = replayRecords(rules, { records, facts }, { allowedLatenessMs: 0, endAfterMs: 3_600_000 });
  const found = alerts.filter(({ techniques }) => techniques.includes(technique));
  return expect === 'no_alert' ? found.length === 0 : found.some(({ severity }) => isLevelAtLeast(severity, least));
}

function evaluateOrdinary(): void {
  const lines = readOrdinaryLines(readFileSync(join(shared, 'ordinary/command-lines.tsv'), 'utf8'));
  const records = lines.map(ordinaryRecord);
  const { alerts } = replayRecords(rules, { records, facts: ordinaryFacts(lines) });
  const loud = alerts.filter(({ severity }) => isLevelAtLeast(severity, 'medium'));
  const loudLines = new Set(loud.flatMap(({ events }) => events));
  console.log(`\nordinary command lines: ${loudLines.size} of ${lines.length} raise more than a low alert`);
  const byRule = Map.groupBy(loud, ({ rule, severity }) => `${severity} ${rule.title}`);
  for (const [rule, matches] of [...byRule].toSorted(([, a], [, b]) => b.length - a.length)) {
    console.log(`  ${String(matches.length).padStart(5)} ${rule}`);
    for (const { events } of matches.slice(0, options.details ? 12 : 3)) {
      const { where, commandLine, parent } = lines[Number(events.at(-1)!.slice(5))]!;
      console.log(`          ${where}: ${commandLine.slice(0, 130)}   < ${parent.slice(0, 50)}`);
    }
  }
}
