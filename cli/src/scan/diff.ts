import { printable } from '@tidewaiter/domain';
import type { ConfigKeeping, ImageDiff, ImageState } from '@tidewaiter/integrity';
import { type Command, Option } from 'commander';

import { count, fit } from '../terminal.js';
import { judgeOptions, type JudgingFlags, withJudgingFlags } from './judging-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from './reading-flags.js';
import type { ScannedTarget } from './scan-target.js';

interface DiffFlags extends ReadingFlags, JudgingFlags {
  output: 'text' | 'json';
}

type FileChange = NonNullable<ImageDiff['files']>[number];

const maxShown = 20;

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
  const { scanTarget } = await import('./scan-target.js');
  const { diffImages, mostCommandingFirst, mostTellingFirst } = await import('@tidewaiter/integrity');
  const judging = judgeOptions(flags);
  const old = await stateOf(await scanTarget(before, flags, judging, true));
  const changes = diffImages(old, await stateOf(await scanTarget(after, flags, judging, true)));
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify(changes, null, 2)}\n`);
    return;
  }
  const files = changes.files && mostTellingFirst(changes.files);
  const config = changes.config && mostCommandingFirst(changes.config);
  process.stdout.write(text({ ...changes, files, config }));
}

async function stateOf({ report, layers, config }: ScannedTarget): Promise<ImageState> {
  const [{ keptConfig }, { redactSecrets }] = await Promise.all([
    import('@tidewaiter/integrity'),
    import('@tidewaiter/secrets'),
  ]);
  // Both configs are here: their values are compared as they are, and never shown.
  const keeping: ConfigKeeping = { mask: redactSecrets, fingerprint: { by: 'value', of: (value) => value } };
  const { os, packages, findings } = report;
  return { os, packages, findings, layers, config: config && keptConfig(config, keeping) };
}

function text({ packages, files, config, steps, hosts, base, findings }: ImageDiff): string {
  const { introduced, resolved, unchanged } = findings;
  const sections = [
    baseText(base),
    section(
      'configuration',
      config,
      ({ field, before, after }) => `${sign(before, after)} ${field}  ${arrow(before, after)}`,
    ),
    section('new hosts', hosts, ({ host, namedIn }) => `+ ${host}  ${namedIn.join(', ')}`),
    section('build steps', steps, ({ change, step }) => `${signs[change]} ${step}`),
    section(
      'packages',
      packages,
      ({ name, before, after }) => `${sign(before, after)} ${name}  ${arrow(before, after)}`,
    ),
    section('files', files, fileLine),
    section('findings introduced', introduced, ({ id, severity, title }) => `+ ${id}  ${severity}  ${title}`),
    section('findings resolved', resolved, ({ id, severity, title }) => `- ${id}  ${severity}  ${title}`),
  ];
  const verdict = `${count(introduced.length)} introduced, ${count(resolved.length)} resolved, ${count(unchanged.length)} unchanged`;
  return [...sections.filter((each) => each !== ''), `findings: ${verdict}\n`].join('\n');
}

const signs = { added: '+', removed: '-' };

function fileLine({ path, change, isNewSetuid, modeAfter }: FileChange): string {
  const setuid = isNewSetuid ? `  set-uid or set-gid ${modeAfter}` : '';
  return change === 'added' || change === 'removed'
    ? `${signs[change]} ${path}${setuid}`
    : `~ ${path}  ${change}${setuid}`;
}

/** What the images say of their base, and what their layers say. */
function baseText({ isChanged, before, after, commonLayers }: ImageDiff['base']): string {
  if (!isChanged) return '';
  const named = (['name', 'digest', 'os'] as const).filter((field) => before[field] !== after[field]);
  const lines = [
    ...named.map((field) => `~ ${field}  ${before[field] ?? 'unknown'} → ${after[field] ?? 'unknown'}`),
    `~ layers  the lowest ${count(commonLayers)} of ${count(before.layers)} are the same`,
  ];
  return `base image\n${lines.map(shownLine).join('\n')}\n`;
}

/** Null is what is not known of both. */
function section<Item>(title: string, items: readonly Item[] | null, line: (item: Item) => string): string {
  if (items === null) return `${title}: cannot be compared\n`;
  if (items.length === 0) return '';
  const lines = items.slice(0, maxShown).map((item) => shownLine(line(item)));
  if (items.length > maxShown) lines.push(`  … ${count(items.length - maxShown)} more; -o json has them all`);
  return `${title} (${count(items.length)})\n${lines.join('\n')}\n`;
}

function shownLine(line: string): string {
  return fit(`  ${printable(line)}`, process.stdout);
}

function sign(before: string | null, after: string | null): string {
  if (before === null) return '+';
  return after === null ? '-' : '~';
}

function arrow(before: string | null, after: string | null): string {
  if (before === null || after === null) return before ?? after ?? '';
  return `${before || 'none'} → ${after || 'none'}`;
}
