import type { Command } from 'commander';

import { collect } from '../collect.js';
import { printStderr } from '../context.js';
import { usualAges } from '../target/evaluation-flags.js';
import type { EvaluationOptions } from '../target/image-report.js';
import { noObjections } from '../target/objections.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from '../target/reading-flags.js';

interface SbomFlags extends ReadingFlags {
  output?: string[];
  advisories?: string;
}

/** The packages of an image and nothing else. */
export function sbomCommand(program: Command): void {
  const command = program
    .command('sbom')
    .description('list what an image is made of')
    .argument('<target>', targetDescription)
    .option('-o, --output <format[=file]>', 'cyclonedx unless given; spdx, json, table, csv; repeatable', collect)
    .option('--advisories <path>', 'name the vulnerabilities as well, where the format can; as for `scan`');
  withReadingFlags(command).action(sbom);
}

async function sbom(target: string, flags: SbomFlags, command: Command): Promise<void> {
  const { readOutputs, writeReport } = await import('../target/outputs.js');
  const outputs = readOutputs(flags.output ?? ['cyclonedx']);
  if (typeof outputs === 'string') return command.error(`error: ${outputs}`);
  const { scanTarget } = await import('../target/scan-target.js');
  const { report } = await scanTarget(target, flags, evaluationOf(flags));
  const { layerNotAnalyzedId, printable } = await import('@tidewaiter/domain');
  const unread = report.findings.filter(({ id }) => id === layerNotAnalyzedId);
  for (const { title } of unread) printStderr(`warning: ${printable(title)}; its packages are missing`);
  await writeReport(report, outputs, { isInventory: true });
}

/** A list of packages is evaluated only with advisories that are named. */
function evaluationOf({ advisories: path }: SbomFlags): EvaluationOptions {
  const nothing = {
    kinds: new Set<never>(),
    failOn: undefined,
    onIncomplete: 'warn' as const,
    isOnlyFixed: false,
    isOnlyReachable: false,
    advisories: undefined,
    objections: noObjections,
    policies: [],
    documents: [],
  };
  if (path === undefined) return nothing;
  const advisories = { path, maxAges: usualAges };
  return { ...nothing, kinds: new Set(['vulnerability']), advisories };
}
