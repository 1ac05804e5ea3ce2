import type { VulnerableImport } from '@tidewaiter/advisories';
import { NotFound, printable, type Reachability, type Suppression } from '@tidewaiter/domain';
import type { Report, ReportFinding } from '@tidewaiter/reports';
import { type Command, Option } from 'commander';

import { evaluationOptions, type EvaluationFlags, withEvaluationFlags } from '../target/evaluation-flags.js';
import { type ReadingFlags, targetDescription, withReadingFlags } from '../target/reading-flags.js';

interface ExplainFlags extends ReadingFlags, EvaluationFlags {
  output: 'text' | 'json';
}

/** Explains one finding: its origin and its fix. */
export function explainCommand(program: Command): void {
  const command = program
    .command('explain')
    .description('say where a finding comes from: package, file, layer, build step, fix')
    .argument('<id>', 'a CVE, another id of an advisory, or the id of a rule')
    .argument('<target>', targetDescription)
    .addOption(new Option('-o, --output <format>', 'how').choices(['text', 'json']).default('text'));
  withReadingFlags(withEvaluationFlags(command)).action(explain);
}

async function explain(id: string, target: string, flags: ExplainFlags): Promise<void> {
  const evaluating = await evaluationOptions(flags);
  const { scanTarget } = await import('../target/scan-target.js');
  const { fixText } = await import('@tidewaiter/reports');
  const { report } = await scanTarget(target, flags, evaluating);
  const isMeant = (finding: ReportFinding) => finding.id === id || finding.aliases.includes(id);
  const findings: Explained[] = [...report.findings, ...report.suppressed].filter(isMeant);
  if (findings.length === 0) throw new NotFound('FINDING_UNKNOWN', `${target} has no finding ${id}`);
  const text =
    flags.output === 'json'
      ? JSON.stringify(findings, null, 2)
      : findings.map((each) => story(each, report, fixText(each))).join('\n\n');
  process.stdout.write(`${text}\n`);
}

/** A finding, and its suppression if it does not count. */
type Explained = ReportFinding & { by?: Suppression };

function story(finding: Explained, { layers }: Report, fix: string | undefined): string {
  const layer = finding.layer === null ? undefined : layers[finding.layer];
  const rows: [string, string | null | undefined][] = [
    ['what', finding.title],
    ['also', finding.aliases.join(', ')],
    ['severity', finding.cvss ? `${finding.severity}, CVSS ${finding.cvss.score}` : finding.severity],
    ['exploited', exploitedText(finding)],
    ['package', finding.purl],
    ['file', finding.path],
    ['layer', layer && `${layer.index} ${layer.diffId}`],
    ['build step', layer?.createdBy],
    ['state', stateOf(finding)],
    ['reachable', finding.reachability && reachableText[finding.reachability]],
    ['fix', fix],
    ['suppressed', finding.by && suppressionText(finding.by)],
    ...evidenceRows(finding.evidence),
  ];
  const shown = rows.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return [finding.id, ...shown.map(([name, value]) => `  ${name.padEnd(width)} ${printable(value!)}`)].join('\n');
}

const reachableText: Readonly<Record<Reachability, string>> = {
  linked: 'a vulnerable function is in a program of the image',
  'not-linked': 'no program of the image contains a vulnerable function',
};

function suppressionText({ source, author, reason, justification, until }: Suppression): string {
  const words = [justification, reason].filter((each) => each !== null).join(': ');
  const facts = [source, author && `by ${author}`, words, until && `until ${until.slice(0, 10)}`];
  return facts.filter((each) => each !== null && each !== '').join('; ');
}

function stateOf({ state, confidence, match }: ReportFinding): string {
  const presence = state === 'present' ? 'in the image that runs' : 'removed in a later layer, and still in the image';
  return `${presence}; ${match === 'unknown' ? 'the version could not be compared' : confidence}`;
}

/** Rows of the evidence: a version comparison is shortened, other evidence is printed as it is. */
function evidenceRows({
  source,
  comparedName,
  comparedVersion,
  imports,
  ...rest
}: ReportFinding['evidence']): [string, string][] {
  const rows = Object.entries(rest).map(([name, value]): [string, string] => [
    labels[name] ?? inWords(name),
    textOf(value),
  ]);
  if (imports !== undefined) rows.push(['functions', functionsText(imports as VulnerableImport[])]);
  if (comparedName === undefined) return source === undefined ? rows : [...rows, ['source', textOf(source)]];
  return [
    ['compared', `${textOf(comparedName)} ${textOf(comparedVersion)}, in the order of ${textOf(source)}`],
    ...rows,
  ];
}

/** Lists that know it to be exploited, and its score. */
function exploitedText({ kevLists = [], epss }: ReportFinding): string {
  return [
    ...(kevLists.length > 0 ? [`known to ${kevLists.join(', ')}`] : []),
    ...(epss === null ? [] : [`EPSS ${epss}`]),
  ].join(', ');
}

const labels: Readonly<Record<string, string>> = {
  range: 'affected',
  severities: 'rated by',
  disagreeing: 'not so by',
  fixedBeyond: 'fixed in',
  erratum: 'fixed by',
  stateNote: 'vendor state',
  repositories: 'repository',
  possibleReleases: 'may be of',
  affectedReleases: 'affected in',
};

/** `support ended` of `supportEnded`. */
const inWords = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function functionsText(imports: readonly VulnerableImport[]): string {
  return imports
    .flatMap(({ path, symbols }) =>
      symbols.length === 0 ? `all of ${path}` : symbols.map((each) => `${path}.${each}`),
    )
    .join(', ');
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value === 'object' && value !== null) return pairsOf(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function pairsOf(value: object): string {
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${textOf(each)}`)
    .join(', ');
}
