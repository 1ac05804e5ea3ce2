import { type FindingKind, findingKinds } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError } from 'commander';

import type { JudgeOptions } from './image-report.js';
import { ignoreFileNames, readObjections } from './objections.js';

/** The flags of every command that judges images. */
export interface JudgingFlags {
  onlyFixed?: boolean;
  kinds: FindingKind[];
  advisories?: string;
  vex?: string[];
  ignoreFile?: string[];
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

/** @throws NotFound, InvalidInput where a file that is named cannot be read */
export async function judgeOptions({ kinds, onlyFixed, advisories, ...files }: JudgingFlags): Promise<JudgeOptions> {
  const objections = await readObjections(files);
  return { kinds: new Set(kinds), failOn: undefined, isOnlyFixed: onlyFixed ?? false, advisories, objections };
}

/** Gathers a flag that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function readKinds(text: string): FindingKind[] {
  const known = new Map<string, FindingKind>(findingKinds.map((kind) => [kind, kind]));
  const kinds = text.split(',').map((name) => known.get(name.trim()));
  if (kinds.includes(undefined)) throw new InvalidArgumentError(`Kinds are ${findingKinds.join(', ')}.`);
  return kinds.filter((kind) => kind !== undefined);
}
