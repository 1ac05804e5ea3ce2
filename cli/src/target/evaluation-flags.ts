import { existsSync } from 'node:fs';

import type { AgeLimits } from '@tidewaiter/advisories';
import { type FindingKind, findingKinds, type IncompleteEffect, incompleteEffects } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { advisoryFilePath } from '../cache-dir.js';
import { collect } from '../collect.js';
import { age } from '../duration.js';
import type { EvaluationOptions } from './image-report.js';
import { ignoreFileNames, readObjections } from './objections.js';
import { readPolicies } from './policies.js';
import type { ReadingFlags } from './reading-flags.js';

/** Flags of every command that evaluates images. */
export interface EvaluationFlags {
  onlyFixed?: boolean;
  reachable?: boolean;
  kinds: FindingKind[];
  advisories?: string;
  maxAdvisoryAge: AgeLimits;
  vex?: string[];
  ignoreFile?: string[];
  policy?: string[];
  onIncomplete?: IncompleteEffect;
}

/** Default of `--max-advisory-age`. */
export const usualAges: AgeLimits = { usualMs: age('7d'), named: {} };

export function withEvaluationFlags(command: Command): Command {
  return command
    .option('--only-fixed', 'omit vulnerabilities without a fixed version')
    .option('--reachable', 'omit vulnerabilities whose functions the linker left out of every Go program')
    .addOption(
      new Option('--kinds <list>', 'kinds of findings, separated by commas')
        .argParser(readKinds)
        .default([...findingKinds], findingKinds.join(',')),
    )
    .option(
      '--advisories <path>',
      'the file of `advisories sync`, which is in the cache unless given; or OSV records: an all.zip, a folder of such archives, or of .json records',
    )
    .addOption(
      new Option(
        '--max-advisory-age <durations>',
        'warn about older vulnerability data: 7d for every source, with others by name, as in 7d,KEV=2d',
      )
        .argParser(readAges)
        .default(usualAges, '7d'),
    )
    .option('--vex <file>', 'VEX document (OpenVEX, CycloneDX or CSAF); repeatable', collect)
    .option(
      '--ignore-file <file>',
      `accepted findings (default: in the working directory, ${ignoreFileNames.join(', ')}); repeatable`,
      collect,
    );
}

/** Adds `--policy` and `--on-incomplete`, for commands that give a verdict. */
export function withVerdictFlags(command: Command): Command {
  return command
    .option('--policy <file>', 'policy in CEL: a file, or a name from `policies list`; repeatable', collect)
    .addOption(
      new Option(
        '--on-incomplete <effect>',
        'when a file was not read completely: only warn (default), or fail. An unreadable inventory, package database or layer never passes',
      ).choices(incompleteEffects),
    );
}

/** @throws NotFound, InvalidInput where a named file cannot be read */
export async function evaluationOptions(
  flags: EvaluationFlags & Pick<ReadingFlags, 'cacheDir'>,
): Promise<EvaluationOptions> {
  const { kinds, onlyFixed = false, reachable = false, advisories, maxAdvisoryAge: maxAges, cacheDir } = flags;
  const [objected, asked] = await Promise.all([readObjections(flags), readPolicies(flags.policy ?? [])]);
  const path = advisories ?? knownFile(cacheDir);
  return {
    kinds: new Set(kinds),
    failOn: undefined,
    onIncomplete: flags.onIncomplete ?? 'warn',
    isOnlyFixed: onlyFixed,
    isOnlyReachable: reachable,
    advisories: path === undefined ? undefined : { path, maxAges },
    objections: objected.objections,
    policies: asked.policies,
    documents: [...objected.documents, ...asked.documents],
  };
}

/** The file written by `advisories sync` or `import`, if it exists. */
function knownFile(cacheDir: string | undefined): string | undefined {
  const path = advisoryFilePath(cacheDir);
  return existsSync(path) ? path : undefined;
}

function readAges(text: string): AgeLimits {
  const named = new Map<string, number>();
  let { usualMs } = usualAges;
  for (const part of text.split(',')) {
    const equals = part.lastIndexOf('=');
    if (equals === -1) usualMs = age(part.trim());
    else named.set(part.slice(0, equals).trim(), age(part.slice(equals + 1).trim()));
  }
  return { usualMs, named: Object.fromEntries(named) };
}

function readKinds(text: string): FindingKind[] {
  const known = new Map<string, FindingKind>(findingKinds.map((kind) => [kind, kind]));
  const kinds = text.split(',').map((name) => known.get(name.trim()));
  if (kinds.includes(undefined)) throw new InvalidArgumentError(`Kinds are ${findingKinds.join(', ')}.`);
  return kinds.filter((kind) => kind !== undefined);
}
