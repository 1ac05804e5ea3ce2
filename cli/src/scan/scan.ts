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
import type { ScanOutcome } from './scan-several.js';
import { readSigners, type SignerFlags, signerProblem, withSignerFlags } from './signer-flags.js';

export interface ScanFlags extends ReadingFlags, EvaluationFlags, SignerFlags, FamiliarFlags {
  output?: string[];
  failOn?: Severity;
  targetsFrom?: string;
  allTags?: boolean;
}

const exitGateFailed = 1;
const exitNoVerdict = 2;

/** Scans an image from files alone, without a server. */
export function scanCommand(program: Command): void {
  const command = program
    .command('scan')
    .alias('image')
    .description('find packages, vulnerabilities, secrets, misconfiguration and tampering in an image')
    .argument('[target...]', targetDescription)
    .option('--targets-from <file>', 'also scan the targets in this file, one a line; - for standard input')
    .option('--all-tags', 'scan every tag of the given OCI layouts and repositories')
    .option(
      '-o, --output <format[=file]>',
      'how and where to write the report; table unless given, repeatable',
      collect,
    )
    .option('--fail-on <severity>', 'exit with 1 when a finding is as bad as this', readSeverity);
  withFamiliarFlags(withReadingFlags(withSignerFlags(withVerdictFlags(withEvaluationFlags(command))))).action(scan);
}

async function scan(named: readonly string[], given: ScanFlags, command: Command): Promise<void> {
  const { printObstacle, readOutputs, severalProblem, writeReport } = await import('../target/outputs.js');
  const flags = translated(given);
  const isSeveral = named.length > 1 || flags.targetsFrom !== undefined || flags.allTags === true;
  const outputs = readOutputs(flags.output ?? ['table']);
  const problem = typeof outputs === 'string' ? outputs : signerProblem(flags);
  if (typeof outputs === 'string' || problem !== undefined) return command.error(`error: ${problem}`);
  const unfit = isSeveral ? severalProblem(outputs) : undefined;
  if (unfit !== undefined) return command.error(`error: ${unfit}`);
  const targets = named.length === 0 && flags.input !== undefined ? [flags.input] : named;
  const [target] = targets;
  if (target === undefined && !isSeveral) return command.error("error: missing required argument 'target'");
  if (targets.length === 0 && flags.targetsFrom === undefined)
    return command.error('error: --all-tags needs an OCI layout or a repository');
  const all = isSeveral ? await allTargets(targets, flags) : targets;
  await offerAdvisories(flags);
  const options = await scanOptions(flags);
  const isGate = flags.failOn !== undefined || isDecidedOtherwise(flags);
  if (isSeveral) {
    const { scanSeveral } = await import('./scan-several.js');
    const outcome = await scanSeveral(all, flags, options, outputs, isGate);
    process.exitCode = exitCodeOfSeveral(outcome, isGate, flags.exitCode);
    return;
  }
  const { scanTarget } = await import('../target/scan-target.js');
  const { report } = await scanTarget(target!, flags, options);
  await writeReport(report, outputs, { isGate });
  if (!isGate) return;
  printObstacle(report, outputs);
  process.exitCode = exitCodeOf(report.verdict.result, flags.exitCode);
}

/** Targets of the command line, of the list, and of their tags. */
async function allTargets(
  named: readonly string[],
  { targetsFrom, allTags, insecure, offline }: ScanFlags,
): Promise<string[]> {
  const { readTargetList } = await import('./target-list.js');
  const targets = [...named, ...(targetsFrom === undefined ? [] : await readTargetList(targetsFrom))];
  if (!allTags) return targets;
  const { tagsOf } = await import('../sources/all-tags.js');
  const options = { isInsecure: insecure ?? false, isOffline: offline ?? false };
  const tagged: string[] = [];
  for (const target of targets) tagged.push(...(await tagsOf(target, options)));
  return tagged;
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

/** A failed target decides, then one without a verdict or report. */
function exitCodeOfSeveral(
  { failed, undecided, errors }: ScanOutcome,
  isGate: boolean,
  failedCode = exitGateFailed,
): number {
  if (isGate && failed > 0) return failedCode;
  return errors > 0 || (isGate && undecided > 0) ? exitNoVerdict : 0;
}

/**
 * A gate without a verdict does not pass.
 * @param failed replaces the usual exit code of a failed gate
 */
export function exitCodeOf(result: Verdict, failed = exitGateFailed): number {
  if (result === 'pass') return 0;
  return result === 'fail' ? failed : exitNoVerdict;
}
