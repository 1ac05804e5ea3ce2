import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { NotFound, printable } from '@tidewaiter/domain';
import { appliesTo, loadRules, type LogSource, type RuleFile } from '@tidewaiter/sigma';

import { printStderr } from '../context.js';
import { counted } from '../terminal.js';
import { readCheckout } from './checkout.js';
import { problemLine } from './load.js';

/** Log sources that the sensors provide, in Sigma's terms. */
const offered: readonly LogSource[] = [
  ...['process_creation', 'process_termination', 'file_event', 'network_connection', 'dns_query', 'image_load'].map(
    (category) => ({ product: 'linux', category }),
  ),
  { product: 'kubernetes', category: 'application', service: 'audit' },
  { product: 'kubernetes', category: 'container' },
  { product: 'aws', service: 'cloudtrail' },
  ...['falco', 'guardduty', 'tracee'].map((product) => ({ product, service: 'alert' })),
];

const maxSources = 10;

/**
 * Copies the usable rules, each with its author and license.
 * @throws NotFound `RULES_MISSING`; InvalidInput and LimitExceeded for a broken or hostile archive
 */
export async function importRules(path: string, into: string): Promise<void> {
  const { rules: files, licenses } = await readCheckout(path);
  if (files.length === 0) throw new NotFound('RULES_MISSING', `${path} holds no rules`);
  const loaded = loadRules(files);
  const unfit = new Map<string, number>();
  const wanted = new Set<string>();
  for (const rule of loaded.rules.rules) {
    const logsource = loaded.rules.logsourceOf(rule) ?? {};
    if (rule.status === 'deprecated' || rule.status === 'unsupported') count(unfit, `status ${rule.status}`);
    else if (offered.some((each) => appliesTo(logsource, each))) wanted.add(rule.file);
    else count(unfit, nameOf(logsource));
  }
  for (const { info } of loaded.correlations) wanted.add(info.file);
  const kept = files.filter((file) => wanted.has(file.path));
  const isDrl = licenses.some(({ text }) => text.includes('Detection Rule License'));
  for (const file of licenses) write(into, file);
  for (const file of kept) write(into, isDrl ? withLicense(file) : file);

  for (const problem of loaded.refused) printStderr(`${problemLine(problem)}: left out`);
  for (const problem of loaded.warnings) printStderr(`${problemLine(problem)}: look at this one`);
  for (const line of leftOut(unfit)) printStderr(line);
  printStderr(
    `${counted(kept.length, 'file')} with rules copied to ${printable(into)}, and ${counted(licenses.length, 'licence')}`,
  );
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function nameOf({ product, category, service }: LogSource): string {
  return [product, category, service].filter((part) => part !== undefined).join('/');
}

/** Line that reports how many rules were left out, by status or log source. */
function leftOut(unfit: ReadonlyMap<string, number>): string[] {
  const sorted = [...unfit].toSorted(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, maxSources).map(([name, number]) => `${printable(name)} ${number}`);
  const rest = sorted.slice(maxSources);
  if (rest.length > 0) shown.push(`${rest.length} others ${rest.reduce((sum, [, number]) => sum + number, 0)}`);
  return shown.length === 0 ? [] : [`left out, because no sensor reports it: ${shown.join(', ')}`];
}

/**
 * Adds the license to a rule: SigmaHQ states it once for all rules, but each match must show it.
 */
function withLicense({ path, text }: RuleFile): RuleFile {
  const places = text.match(/^logsource:/gm) ?? [];
  if (places.length !== 1 || /^license:/m.test(text)) return { path, text };
  return { path, text: text.replace(/^logsource:/m, 'license: DRL-1.1\nlogsource:') };
}

function write(into: string, { path, text }: RuleFile): void {
  const target = join(into, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
