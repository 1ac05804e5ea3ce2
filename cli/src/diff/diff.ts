import { buildTime } from '@tidewaiter/domain';
import type { ConfigRedaction, ImageDiff, ImageState } from '@tidewaiter/integrity';
import { type Command, Option } from 'commander';

import { evaluationOptions, type EvaluationFlags, withEvaluationFlags } from '../target/evaluation-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from '../target/reading-flags.js';
import type { ComparedTarget } from '../target/scan-target.js';
import { count } from '../terminal.js';
import { changeCounts, changeSections, section, shownLine } from './change-text.js';

interface DiffFlags extends ReadingFlags, EvaluationFlags {
  output: 'text' | 'json';
}

type FileChange = NonNullable<ImageDiff['files']>[number];

/** Compares two images. */
export function diffCommand(program: Command): void {
  const command = program
    .command('diff')
    .description('compare two images: packages, files, configuration, secrets and findings')
    .argument('<old>', targetDescription)
    .argument('<new>', 'the same')
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'));
  withReadingFlags(withEvaluationFlags(command)).action(diff);
}

async function diff(before: string, after: string, flags: DiffFlags): Promise<void> {
  const { scanFiles } = await import('../target/scan-target.js');
  const { diffImages, mostCommandingFirst, mostRelevantFirst } = await import('@tidewaiter/integrity');
  const evaluating = await evaluationOptions(flags);
  const old = await stateOf(await scanFiles(before, flags, evaluating));
  const changes = diffImages(old, await stateOf(await scanFiles(after, flags, evaluating)));
  if (flags.output === 'json') {
    process.stdout.write(`${JSON.stringify(changes, null, 2)}\n`);
    return;
  }
  const files = changes.files && mostRelevantFirst(changes.files);
  const config = changes.config && mostCommandingFirst(changes.config);
  process.stdout.write(text({ ...changes, files, config }));
}

async function stateOf({ report, layers, config }: ComparedTarget): Promise<ImageState> {
  const [{ redactConfig }, { redactSecrets }] = await Promise.all([
    import('@tidewaiter/integrity'),
    import('@tidewaiter/secrets'),
  ]);
  // Both configs are available: their values are compared unmasked, and never printed.
  const keeping: ConfigRedaction = { mask: redactSecrets, fingerprint: { by: 'value', of: (value) => value } };
  const { os, packages, findings } = report;
  const createdAt = buildTime(config?.created);
  return { os, createdAt, packages, findings, layers, config: config && redactConfig(config, keeping) };
}

function text({ isPartial, packages, files, config, steps, hosts, base, findings }: ImageDiff): string {
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
    isPartial
      ? 'not every layer was read: files and hosts are those of the others, and removed files are not known\n'
      : '',
    ...changeSections(findings),
  ];
  return [...sections.filter((each) => each !== ''), `${changeCounts(findings)}\n`].join('\n');
}

const signs = { added: '+', removed: '-' };

function fileLine({ path, change, isNewSetuid, modeAfter }: FileChange): string {
  const setuid = isNewSetuid ? `  setuid or setgid ${modeAfter}` : '';
  return change === 'added' || change === 'removed'
    ? `${signs[change]} ${path}${setuid}`
    : `~ ${path}  ${change}${setuid}`;
}

/** Changes of the base image: its declared name, digest and OS, and the common layers. */
function baseText({ isChanged, before, after, commonLayers }: ImageDiff['base']): string {
  if (!isChanged) return '';
  const named = (['name', 'digest', 'os'] as const).filter((field) => before[field] !== after[field]);
  const lines = [
    ...named.map((field) => `~ ${field}  ${before[field] ?? 'unknown'} → ${after[field] ?? 'unknown'}`),
    `~ layers  the lowest ${count(commonLayers)} of ${count(before.layers)} are the same`,
  ];
  return `base image\n${lines.map(shownLine).join('\n')}\n`;
}

function sign(before: string | null, after: string | null): string {
  if (before === null) return '+';
  return after === null ? '-' : '~';
}

function arrow(before: string | null, after: string | null): string {
  if (before === null || after === null) return before ?? after ?? '';
  return `${before || 'none'} → ${after || 'none'}`;
}
