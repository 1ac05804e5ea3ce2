import { readFileSync } from 'node:fs';

import type { DetectionAlert } from '@tidewaiter/detection';
import { InvalidInput, NotFound, printable } from '@tidewaiter/domain';
import type { FactsFile } from '@tidewaiter/facts';
import type { LoadedRules } from '@tidewaiter/sigma';
import { type Command, Option } from 'commander';

import { collect } from '../collect.js';
import { printStderr } from '../context.js';
import { scanKey } from '../fingerprint-key.js';
import { isColored, stdoutWidth } from '../terminal.js';
import type { Replayed } from './replayed.js';

interface ReplayFlags {
  facts?: string;
  rules?: string[];
  output: 'text' | 'json';
}

/** Feeds recorded events to the detection, with their own times. No server is needed. */
export function replayCommand(program: Command): void {
  program
    .command('replay')
    .description('say what the detection makes of recorded runtime events')
    .argument('<file>', 'events, one JSON object a line: id, at, source, event; - for standard input')
    .option('--facts <file>', 'what is known of images and workloads, in JSON')
    .option('--rules <dir>', 'Sigma rules beside those that come with Tidewaiter; may be given again', collect)
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'))
    .action(replay);
}

/**
 * @throws NotFound `RECORDING_MISSING`, `FACTS_MISSING`, `RULES_MISSING`; InvalidInput
 * `RECORDING_INVALID`, `FACTS_INVALID`
 */
async function replay(file: string, { facts, rules = [], output }: ReplayFlags): Promise<void> {
  const { replayText } = await import('./replay-text.js');
  const { replayJson } = await import('./replay-json.js');
  const replayed = await detect(file, await readFacts(facts), await readRules(rules));
  if (replayed.counts.late > 0) {
    printStderr(
      `${replayed.counts.late} events came later than ${allowedLatenessMs / 1000} s after a later one: they took no part in correlations`,
    );
  }
  const pen = { width: stdoutWidth(), isColored: isColored() };
  process.stdout.write(
    output === 'json' ? `${JSON.stringify(replayJson(replayed), null, 2)}\n` : replayText(replayed, pen),
  );
}

/** More alerts than this are only counted. */
const maxAlerts = 100_000;
const allowedLatenessMs = 5000;
/**
 * How long the clock goes on after the last event, for correlations that wait until their window
 * ends.
 */
const afterwardsMs = 60 * 60_000;

async function detect(file: string, known: FactsFile, rules: LoadedRules): Promise<Replayed> {
  const { Detector, IncidentBuilder } = await import('@tidewaiter/detection');
  const { factContext } = await import('@tidewaiter/facts');
  const { ContainerLedger } = await import('@tidewaiter/workloads');
  const { recordedEvents } = await import('./recorded-events.js');
  const ledger = new ContainerLedger();
  const facts = factContext({ facts: known.facts, policy: known.policy, lookup: ledger });
  const detector = new Detector({
    rules: rules.rules,
    correlations: rules.correlations,
    facts,
    ledger,
    allowedLatenessMs,
  });
  const builder = new IncidentBuilder();
  const alerts: DetectionAlert[] = [];
  let alertCount = 0;
  const take = (found: readonly DetectionAlert[]) => {
    for (const alert of found) builder.add(alert);
    alerts.push(...found.slice(0, Math.max(maxAlerts - alerts.length, 0)));
    alertCount += found.length;
  };
  const fingerprintKey = await scanKey();
  let lastMs = Number.NEGATIVE_INFINITY;
  for await (const record of recordedEvents(file, { cluster: known.cluster, fingerprintKey })) {
    take(detector.observe(record));
    const timeMs = Date.parse(record.at);
    if (timeMs > lastMs) lastMs = timeMs;
  }
  if (Number.isFinite(lastMs)) take(detector.advance(lastMs + afterwardsMs));
  builder.settle();
  return {
    incidents: builder.incidents(),
    incidentOf: (alert) => builder.incidentOf(alert),
    alerts,
    alertCount,
    counts: detector.counts,
  };
}

async function readFacts(path: string | undefined): Promise<FactsFile> {
  const { factsFromFile } = await import('@tidewaiter/facts');
  if (path === undefined) return factsFromFile({});
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new NotFound('FACTS_MISSING', `cannot read ${path}`, { cause });
  }
  return factsFromFile(parse(text, path));
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput('FACTS_INVALID', `${path} is not JSON`, { cause });
  }
}

/** Rules that cannot be used are named; the others count. */
async function readRules(folders: readonly string[]): Promise<LoadedRules> {
  const { scopeProblem } = await import('@tidewaiter/detection');
  const { loadRules } = await import('@tidewaiter/sigma');
  const { readRuleFiles, readShippedRules, shippedCompiledRules } = await import('@tidewaiter/rule-files');
  const compiled = await shippedCompiledRules();
  const files = [...(await readShippedRules()), ...(await readRuleFiles(folders))];
  const loaded = loadRules(files, { validate: scopeProblem, ...(compiled && { compiled }) });
  for (const { file, line, reason } of loaded.refused)
    printStderr(`${printable(file)}:${line}: ${printable(reason)}: rule left out`);
  return loaded;
}
