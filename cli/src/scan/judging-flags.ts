import { type FindingKind, findingKinds } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError } from 'commander';

import type { JudgeOptions } from './image-report.js';

/** The flags of every command that judges images. */
export interface JudgingFlags {
  onlyFixed?: boolean;
  kinds: FindingKind[];
  advisories?: string;
}

export function withJudgingFlags(command: Command): Command {
  return command
    .option('--only-fixed', 'leave out vulnerabilities that no version fixes')
    .option('--kinds <list>', `which findings: ${findingKinds.join(',')}`, readKinds, [...findingKinds])
    .option('--advisories <path>', 'OSV records: an all.zip, a folder of such archives, or a folder of .json records');
}

export function judgeOptions({ kinds, onlyFixed, advisories }: JudgingFlags): JudgeOptions {
  return { kinds: new Set(kinds), failOn: undefined, isOnlyFixed: onlyFixed ?? false, advisories };
}

function readKinds(text: string): FindingKind[] {
  const known = new Map<string, FindingKind>(findingKinds.map((kind) => [kind, kind]));
  const kinds = text.split(',').map((name) => known.get(name.trim()));
  if (kinds.includes(undefined)) throw new InvalidArgumentError(`Kinds are ${findingKinds.join(', ')}.`);
  return kinds.filter((kind) => kind !== undefined);
}
