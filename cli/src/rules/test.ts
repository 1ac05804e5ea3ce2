import { type Observation, printable, type RuntimeRecord } from '@tidewaiter/domain';
import { logsourcesOf, observe, scalarsOf, sigmaField } from '@tidewaiter/sensors';
import {
  Correlator,
  type Explanation,
  type Firing,
  type LoadedRules,
  type RuleInfo,
  type SigmaEvent,
} from '@tidewaiter/sigma';

import { printStderr } from '../context.js';
import { scanKey } from '../fingerprint-key.js';
import { recordedEvents } from '../replay/recorded-events.js';
import { counted } from '../terminal.js';
import { loadFrom, problemLine } from './load.js';

interface TestOptions {
  pipelines: readonly string[];
  events: string;
  source?: string;
  isJson: boolean;
}

/** A match of a rule by one event, or of a correlation by several. */
interface Hit {
  rule: RuleInfo;
  at: string;
  events: readonly string[];
  /** Whether the rule is part of a correlation and raises no alert alone. */
  isPart: boolean;
  explanation: readonly Explanation[];
}

/**
 * Time by which the clock advances after the last event, for correlations that wait until their
 * window ends.
 */
const afterwardsMs = 366 * 24 * 60 * 60_000;

/**
 * @throws NotFound `RULES_MISSING`, `RECORDING_MISSING`; LimitExceeded; InvalidInput
 * `PIPELINE_INVALID`, `RECORDING_INVALID`
 */
export async function testRules(
  paths: readonly string[],
  { pipelines, events, source, isJson }: TestOptions,
): Promise<void> {
  const loaded = await loadFrom(paths, pipelines);
  for (const problem of loaded.refused) printStderr(`${problemLine(problem)}: rule left out`);
  const seen = { events: 0, hits: 0 };
  const context = { cluster: null, source, fingerprintKey: await scanKey() };
  const write = isJson ? jsonWriter() : textWriter();
  for await (const hit of hitsOf(loaded, counting(recordedEvents(events, context), seen))) {
    seen.hits += 1;
    write.hit(hit);
  }
  write.end();
  printStderr(
    `${counted(seen.events, 'event')}, ${counted(loaded.rules.rules.length, 'rule')}, ${counted(seen.hits, 'match').replace(/hs$/, 'hes')}`,
  );
}

async function* counting(
  records: AsyncIterable<RuntimeRecord>,
  seen: { events: number },
): AsyncGenerator<RuntimeRecord> {
  for await (const record of records) {
    seen.events += 1;
    yield record;
  }
}

async function* hitsOf(
  { rules, correlations }: LoadedRules,
  records: AsyncIterable<RuntimeRecord>,
): AsyncGenerator<Hit> {
  const correlator = new Correlator(correlations);
  let lastMs = -Infinity;
  for await (const record of records) {
    const observation = observe(record);
    const event = sigmaEvent(observation);
    const matches = rules.match(event);
    for (const { rule, explain } of matches)
      yield { rule, at: record.at, events: [record.id], isPart: rules.isPart(rule), explanation: explain() };
    const { timeMs } = observation;
    lastMs = Math.max(lastMs, timeMs);
    yield* correlator
      .observe({ id: record.id, timeMs, event, rules: matches.map(({ rule }) => rule) })
      .map(hitOfFiring);
  }
  if (Number.isFinite(lastMs)) yield* correlator.advance(lastMs + afterwardsMs).map(hitOfFiring);
}

function sigmaEvent(observation: Observation): SigmaEvent {
  return {
    logsources: logsourcesOf(observation),
    field: (name) => sigmaField(observation, name),
    scalars: () => scalarsOf(observation),
  };
}

function hitOfFiring({ rule, timeMs, group, events }: Firing): Hit {
  const explanation = Object.entries(group).map(([field, value]) => ({ field, value, test: 'the same in all' }));
  return { rule, at: new Date(timeMs).toISOString(), events, isPart: false, explanation };
}

interface Writer {
  hit(hit: Hit): void;
  end(): void;
}

function textWriter(): Writer {
  return { hit: (hit) => void process.stdout.write(`${textLine(hit)}\n`), end: () => undefined };
}

/** One line of a match. The Detection Rule License requires that it names the rule's author. */
function textLine({ rule, events, isPart, explanation }: Hit): string {
  const by = [rule.author, rule.license].filter((part) => part !== null).map((part) => printable(part));
  const why = explanation.map(({ field, value, test }) =>
    printable(`${field} ${test}${value === null ? '' : ` in ${JSON.stringify(value.slice(0, 120))}`}`, 240),
  );
  return [
    printable(events.join(' '), 200),
    isPart ? `${rule.level} (part)` : rule.level,
    `${printable(rule.title)}${by.length > 0 ? ` (${by.join(', ')})` : ''}`,
    `${printable(rule.file)}:${rule.line}`,
    why.join('; '),
  ].join('\t');
}

/** Writes a list while it grows. */
function jsonWriter(): Writer {
  let isFirst = true;
  process.stdout.write('{ "matches": [');
  return {
    hit: (hit) => {
      process.stdout.write(`${isFirst ? '' : ','}\n${JSON.stringify(jsonOf(hit))}`);
      isFirst = false;
    },
    end: () => void process.stdout.write('\n] }\n'),
  };
}

function jsonOf({ rule, at, events, isPart, explanation }: Hit): object {
  const { id, title, level, author, license, tags, references, file, line } = rule;
  return {
    at,
    event: events.at(-1),
    events,
    rule: { id, title, level, author, license, tags, references, file, line },
    isPart,
    explanation,
  };
}
