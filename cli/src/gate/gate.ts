import { buildTime, countFindings, findingChanges, type VerdictWithReasons } from '@tidewaiter/domain';
import type { GateInput } from '@tidewaiter/policy';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { duration } from '../duration.js';
import { exitCodeOf } from '../scan/scan.js';
import { serverUrl } from '../server.js';
import {
  evaluationOptions,
  type EvaluationFlags,
  withEvaluationFlags,
  withVerdictFlags,
} from '../target/evaluation-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from '../target/reading-flags.js';
import type { ScannedTarget } from '../target/scan-target.js';
import { answerText, type GateAnswer } from './gate-answer.js';

interface GateFlags extends ReadingFlags, EvaluationFlags {
  against?: string;
  failOn?: string;
  output: 'text' | 'json';
  server?: string;
  tokenFile?: string;
  wait: number;
}

/**
 * Lets an image pass or not: distinguishes findings that the change introduced from those published
 * meanwhile.
 */
export function gateCommand(program: Command): void {
  const command = program
    .command('gate')
    .description('pass or fail an image in CI; exit code 1 = failed, 2 = no verdict')
    .argument('<image>', targetDescription)
    .option(
      '--against <target>',
      'baseline image, whose findings are not new; with --server the default is the baseline of the push',
    )
    .option(
      '--fail-on <threshold>',
      'fail on findings of this severity or worse; new:SEVERITY: only on those that the change introduced. Default: new:high with --against, else high; with --policy alone, nothing',
      checkThreshold,
    )
    .option('--server <url>', 'get the verdict from this platform; with --token-file, or after `login`', serverUrl)
    .option('--token-file <file>', 'file with an API token of the platform')
    .addOption(
      new Option('--wait <duration>', 'with --server: how long to wait for an image that was pushed just now')
        .argParser(duration)
        .default(0, 'not at all'),
    )
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'));
  withReadingFlags(withVerdictFlags(withEvaluationFlags(command))).action(gate);
}

function checkThreshold(given: string): string {
  const text = given.toLowerCase();
  if (/^(new:)?(critical|high|medium|low|negligible|unknown)$/.test(text)) return text;
  throw new InvalidArgumentError('Give a severity, or new: and a severity: new:high.');
}

async function gate(image: string, flags: GateFlags, command: Command): Promise<void> {
  const { against, output } = flags;
  const failOn = flags.failOn ?? defaultThreshold(flags);
  if (failOn?.startsWith('new:') && against === undefined && flags.server === undefined)
    return command.error(`error: --fail-on ${failOn} needs --against, the image that this one replaces`);
  const problem = flags.server === undefined ? undefined : serverProblem(flags);
  if (problem !== undefined) return command.error(`error: ${problem}`);
  const answer = flags.server === undefined ? await evaluate(image, failOn, flags) : await askPlatform(image, flags);
  process.stdout.write(output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : answerText(answer));
  process.exitCode = exitCodeOf(answer.result);
}

/** Conflicts between flags: with `--server` the platform evaluates an image by its own settings. */
function serverProblem({ policy, vex, ignoreFile }: GateFlags): string | undefined {
  return policy || vex || ignoreFile ? '--policy, --vex and --ignore-file are the settings of the server' : undefined;
}

async function askPlatform(image: string, flags: GateFlags): Promise<GateAnswer> {
  const { against, onIncomplete, wait, timeout } = flags;
  const failOn = flags.failOn ?? (against === undefined ? undefined : defaultThreshold(flags));
  const { askServer } = await import('./server-gate.js');
  const question = {
    image,
    ...(against !== undefined && { against }),
    ...(failOn != null && { failOn }),
    ...(onIncomplete !== undefined && { onIncomplete }),
  };
  const { signedIn } = await import('../saved-sign-ins.js');
  return askServer(question, { ...(await signedIn(flags)), wait, timeout });
}

async function evaluate(image: string, failOn: string | null, flags: GateFlags): Promise<GateAnswer> {
  const { against } = flags;
  const evaluating = { ...(await evaluationOptions(flags)), failOn: null };
  const [{ scanTarget }, { gateVerdict, readThreshold }] = await Promise.all([
    import('../target/scan-target.js'),
    import('@tidewaiter/policy'),
  ]);
  const after = await scanTarget(image, flags, evaluating);
  const before = against === undefined ? null : await scanTarget(against, flags, { ...evaluating, policies: [] });
  const threshold = failOn === null ? null : readThreshold(failOn)!;
  return answerOf(after, before, failOn, (input) => gateVerdict(input, threshold, flags.onIncomplete));
}

function defaultThreshold({ against, policy = [] }: GateFlags): string | null {
  if (against !== undefined) return 'new:high';
  return policy.length > 0 ? null : 'high';
}

function answerOf(
  { report }: ScannedTarget,
  before: ScannedTarget | null,
  failOn: string | null,
  verdictFor: (input: GateInput) => VerdictWithReasons,
): GateAnswer {
  const { findings, suppressed, policies, warnings, target } = report;
  const changes =
    before && findingChanges({ ...before.report, createdAt: buildTime(before.config?.created) }, findings);
  return {
    image: target.reference,
    digest: target.digest,
    against: before && before.report.target.reference,
    failOn,
    ...verdictFor({ findings, warnings, changes, policies }),
    changes,
    findings,
    counts: countFindings(findings),
    suppressed,
    policies,
    warnings,
  };
}
