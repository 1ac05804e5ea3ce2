import type { ImageDiff, ImageState } from '@tidewaiter/integrity';
import { type Command, Option } from 'commander';

import { changeCounts, changeSections, section } from './change-text.js';
import { judgeOptions, type JudgingFlags, withJudgingFlags } from './judging-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from './reading-flags.js';
import type { ScannedTarget } from './scan-target.js';

interface DiffFlags extends ReadingFlags, JudgingFlags {
  output: 'text' | 'json';
}

/** What a new image changes. */
export function diffCommand(program: Command): void {
  const command = program
    .command('diff')
    .description('compare two images: packages, files, configuration, secrets and findings')
    .argument('<old>', targetDescription)
    .argument('<new>', 'the same')
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'));
  withReadingFlags(withJudgingFlags(command)).action(diff);
}

async function diff(before: string, after: string, flags: DiffFlags): Promise<void> {
  const [{ scanTarget }, { diffImages }] = await Promise.all([
    import('./scan-target.js'),
    import('@tidewaiter/integrity'),
  ]);
  const judging = await judgeOptions(flags);
  const old = stateOf(await scanTarget(before, flags, judging, true));
  const changes = diffImages(old, stateOf(await scanTarget(after, flags, judging, true)));
  process.stdout.write(flags.output === 'json' ? `${JSON.stringify(changes, null, 2)}\n` : text(changes));
}

function stateOf({ report: { packages, findings }, layers, config }: ScannedTarget): ImageState {
  return { packages, findings, layers, config };
}

function text({ packages, files, config, findings }: ImageDiff): string {
  const sections = [
    section(
      'packages',
      packages,
      ({ name, before, after }) => `${sign(before, after)} ${name}  ${arrow(before, after)}`,
    ),
    section(
      'files',
      files,
      ({ path, change }) => `${fileSigns[change] ?? '~'} ${path}${change in fileSigns ? '' : `  ${change}`}`,
    ),
    section(
      'configuration',
      config,
      ({ field, before, after }) => `${sign(before, after)} ${field}  ${arrow(before, after)}`,
    ),
    ...changeSections(findings),
  ];
  return [...sections.filter((each) => each !== ''), `${changeCounts(findings)}\n`].join('\n');
}

const fileSigns: Partial<Record<ImageDiff['files'][number]['change'], string>> = { added: '+', removed: '-' };

function sign(before: string | null, after: string | null): string {
  if (before === null) return '+';
  return after === null ? '-' : '~';
}

function arrow(before: string | null, after: string | null): string {
  if (before === null || after === null) return before ?? after ?? '';
  return `${before} → ${after}`;
}
