import { type Severity, severities, type Verdict } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import { collect } from '../collect.js';
import type { JudgeOptions } from './image-report.js';
import { judgeOptions, type JudgingFlags, withJudgingFlags, withPolicyFlag } from './judging-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from './reading-flags.js';
import { readSigners, type SignerFlags, signerProblem, withSignerFlags } from './signer-flags.js';

interface ScanFlags extends ReadingFlags, JudgingFlags, SignerFlags {
  output?: string[];
  failOn?: Severity;
}

const exitGateFailed = 1;
const exitNoVerdict = 2;

/** Everything that files can tell about an image, without a server. */
export function scanCommand(program: Command): void {
  const command = program
    .command('scan')
    .description('find packages, vulnerabilities, secrets, misconfiguration and tampering in an image')
    .argument('<target>', targetDescription)
    .option(
      '-o, --output <format[=file]>',
      'how and where to write the report; table unless given, repeatable',
      collect,
    )
    .addOption(new Option('--fail-on <severity>', 'exit with 1 when a finding is as bad as this').choices(severities));
  withReadingFlags(withSignerFlags(withPolicyFlag(withJudgingFlags(command)))).action(scan);
}

async function scan(target: string, flags: ScanFlags, command: Command): Promise<void> {
  const { readOutputs, writeReport } = await import('./outputs.js');
  const outputs = readOutputs(flags.output ?? ['table']);
  const problem = typeof outputs === 'string' ? outputs : signerProblem(flags);
  if (typeof outputs === 'string' || problem !== undefined) return command.error(`error: ${problem}`);
  const judging = await judgeOptions(flags);
  const trust = await readSigners(flags);
  const { scanTarget } = await import('./scan-target.js');
  const options = { ...judging, failOn: thresholdOf(flags), ...(trust && { trust }) };
  const { report } = await scanTarget(target, flags, options);
  await writeReport(report, outputs);
  if (flags.failOn !== undefined || judging.policies.length > 0) process.exitCode = exitCodeOf(report.verdict.result);
}

/** Who names policies and no severity wants the policies to decide. */
function thresholdOf({ failOn, policy = [] }: ScanFlags): JudgeOptions['failOn'] {
  return failOn ?? (policy.length > 0 ? null : undefined);
}

/** A gate that knows nothing does not open. */
export function exitCodeOf(result: Verdict): number {
  if (result === 'pass') return 0;
  return result === 'fail' ? exitGateFailed : exitNoVerdict;
}
