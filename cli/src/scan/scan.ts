import type { Severity, Verdict } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { collect } from '../collect.js';
import {
  evaluationOptions,
  type EvaluationFlags,
  withEvaluationFlags,
  withVerdictFlags,
} from '../target/evaluation-flags.js';
import type { EvaluationOptions } from '../target/image-report.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from '../target/reading-flags.js';
import { type FamiliarFlags, readSeverity, translated, withFamiliarFlags } from './familiar-flags.js';
import { offerAdvisories } from './offer-advisories.js';
import { readSigners, type SignerFlags, signerProblem, withSignerFlags } from './signer-flags.js';

export interface ScanFlags extends ReadingFlags, EvaluationFlags, SignerFlags, FamiliarFlags {
  output?: string[];
  failOn?: Severity;
}

const exitGateFailed = 1;
const exitNoVerdict = 2;

/** Scans an image from files alone, without a server. */
export function scanCommand(program: Command): void {
  const command = program
    .command('scan')
    .alias('image')
    .description('find packages, vulnerabilities, secrets, misconfiguration and tampering in an image')
    .argument('[target]', targetDescription)
    .option(
      '-o, --output <format[=file]>',
      'how and where to write the report; table unless given, repeatable',
      collect,
    )
    .option('--fail-on <severity>', 'exit with 1 when a finding is as bad as this', readSeverity);
  withFamiliarFlags(withReadingFlags(withSignerFlags(withVerdictFlags(withEvaluationFlags(command))))).action(scan);
}

async function scan(named: string | undefined, given: ScanFlags, command: Command): Promise<void> {
  const { readOutputs, writeReport } = await import('../target/outputs.js');
  const flags = translated(given);
  const target = named ?? flags.input;
  const outputs = readOutputs(flags.output ?? ['table']);
  const problem = typeof outputs === 'string' ? outputs : signerProblem(flags);
  if (typeof outputs === 'string' || problem !== undefined) return command.error(`error: ${problem}`);
  if (target === undefined) return command.error("error: missing required argument 'target'");
  await offerAdvisories(flags);
  const options = await scanOptions(flags);
  const { scanTarget } = await import('../target/scan-target.js');
  const { report } = await scanTarget(target, flags, options);
  const isGate = flags.failOn !== undefined || isDecidedOtherwise(flags);
  await writeReport(report, outputs, { isGate });
  if (isGate) process.exitCode = exitCodeOf(report.verdict.result, flags.exitCode);
}

/** @throws NotFound, InvalidInput where a named file cannot be read */
export async function scanOptions(flags: ScanFlags): Promise<EvaluationOptions> {
  const evaluating = await evaluationOptions(flags);
  const trust = await readSigners(flags);
  return {
    ...evaluating,
    failOn: thresholdOf(flags),
    ...(trust && { trust }),
    ...(flags.severity && { severities: new Set(flags.severity) }),
  };
}

/** Without `--fail-on`, other given rules decide alone. */
function thresholdOf(flags: ScanFlags): EvaluationOptions['failOn'] {
  return flags.failOn ?? (isDecidedOtherwise(flags) ? null : undefined);
}

const isDecidedOtherwise = ({ policy = [], onIncomplete }: ScanFlags): boolean =>
  policy.length > 0 || onIncomplete === 'fail';

/**
 * A gate without a verdict does not pass.
 * @param failed replaces the usual exit code of a failed gate
 */
export function exitCodeOf(result: Verdict, failed = exitGateFailed): number {
  if (result === 'pass') return 0;
  return result === 'fail' ? failed : exitNoVerdict;
}
