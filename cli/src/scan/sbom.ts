import type { Command } from 'commander';

import { collect } from '../collect.js';
import { noObjections } from './objections.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from './reading-flags.js';

interface SbomFlags extends ReadingFlags {
  output?: string[];
}

/** The packages of an image and nothing else. */
export function sbomCommand(program: Command): void {
  const command = program
    .command('sbom')
    .description('list what an image is made of')
    .argument('<target>', targetDescription)
    .option('-o, --output <format[=file]>', 'cyclonedx unless given; spdx, json, table, csv; repeatable', collect);
  withReadingFlags(command).action(sbom);
}

async function sbom(target: string, flags: SbomFlags, command: Command): Promise<void> {
  const { readOutputs, writeReport } = await import('./outputs.js');
  const outputs = readOutputs(flags.output ?? ['cyclonedx']);
  if (typeof outputs === 'string') return command.error(`error: ${outputs}`);
  const { scanTarget } = await import('./scan-target.js');
  const kinds = new Set<never>();
  const nothing = {
    kinds,
    failOn: undefined,
    isOnlyFixed: false,
    advisories: undefined,
    objections: noObjections,
    policies: [],
  };
  const { report } = await scanTarget(target, flags, nothing);
  await writeReport(report, outputs, true);
}
