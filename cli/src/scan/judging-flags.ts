import { type FindingKind, findingKinds } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError } from 'commander';

import { collect } from '../collect.js';
import type { JudgeOptions } from './image-report.js';
import { ignoreFileNames, readObjections } from './objections.js';
import { readPolicies } from './policies.js';

/** The flags of every command that judges images. */
export interface JudgingFlags {
  onlyFixed?: boolean;
  kinds: FindingKind[];
  advisories?: string;
  vex?: string[];
  ignoreFile?: string[];
  policy?: string[];
}

export function withJudgingFlags(command: Command): Command {
  return command
    .option('--only-fixed', 'leave out vulnerabilities that no version fixes')
    .option('--kinds <list>', `which findings: ${findingKinds.join(',')}`, readKinds, [...findingKinds])
    .option('--advisories <path>', 'OSV records: an all.zip, a folder of such archives, or a folder of .json records')
    .option('--vex <file>', 'OpenVEX, CycloneDX or CSAF: what does not affect this image; repeatable', collect)
    .option(
      '--ignore-file <file>',
      `findings to bear with, in place of those of the working directory: ${ignoreFileNames.join(', ')}; repeatable`,
      collect,
    );
}

/** Of the commands that give a verdict. */
export function withPolicyFlag(command: Command): Command {
  return command.option(
    '--policy <file>',
    'what must hold, in CEL: a file, or the name of a policy that `policies list` shows; repeatable',
    collect,
  );
}

/** @throws NotFound, InvalidInput where a file that is named cannot be read */
export async function judgeOptions({
  kinds,
  onlyFixed,
  advisories,
  policy,
  ...files
}: JudgingFlags): Promise<JudgeOptions> {
  const [objections, policies] = await Promise.all([readObjections(files), readPolicies(policy ?? [])]);
  return {
    kinds: new Set(kinds),
    failOn: undefined,
    isOnlyFixed: onlyFixed ?? false,
    advisories,
    objections,
    policies,
  };
}

function readKinds(text: string): FindingKind[] {
  const known = new Map<string, FindingKind>(findingKinds.map((kind) => [kind, kind]));
  const kinds = text.split(',').map((name) => known.get(name.trim()));
  if (kinds.includes(undefined)) throw new InvalidArgumentError(`Kinds are ${findingKinds.join(', ')}.`);
  return kinds.filter((kind) => kind !== undefined);
}
