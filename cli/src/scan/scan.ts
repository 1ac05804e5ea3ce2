import { type Severity, severities, type Verdict } from '@tidewaiter/domain';
import { type Command, Option } from 'commander';

import type { JudgeOptions } from './image-report.js';
import { collect, judgeOptions, type JudgingFlags, withJudgingFlags, withPolicyFlag } from './judging-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from './reading-flags.js';

interface ScanFlags extends ReadingFlags, JudgingFlags {
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
  withReadingFlags(withPolicyFlag(withJudgingFlags(command))).action(scan);
}

async function scan(target: string, flags: ScanFlags, command: Command): Promise<void> {
  const { readOutputs, writeReport } = await import('./outputs.js');
  const outputs = readOutputs(flags.output ?? ['table']);
  if (typeof outputs === 'string') return command.error(`error: ${outputs}`);
  const judging = await judgeOptions(flags);
  const { scanTarget } = await import('./scan-target.js');
  const { report } = await scanTarget(target, flags, { ...judging, failOn: thresholdOf(flags) });
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
