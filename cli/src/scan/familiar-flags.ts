import { type FindingKind, findingKinds, severities, type Severity } from '@tidewaiter/domain';
import { type Command, InvalidArgumentError, Option } from 'commander';

import type { EvaluationFlags } from '../target/evaluation-flags.js';

/**
 * Flags of Trivy and Grype that mean something here. They stay out of the help; docs/scan.md lists
 * them.
 */
export interface FamiliarFlags {
  severity?: Severity[];
  ignoreUnfixed?: boolean;
  exitCode?: number;
  format?: string;
  scanners?: FindingKind[];
  input?: string;
}

/** Flags of `scan` that the familiar ones set. */
type ScanFlags = FamiliarFlags &
  Pick<EvaluationFlags, 'kinds' | 'onlyFixed'> & { failOn?: Severity; output?: string[] };

export function withFamiliarFlags(command: Command): Command {
  const hidden = (flags: string) => new Option(flags).hideHelp();
  return command
    .addOption(hidden('-s, --severity <list>').argParser(readSeverities))
    .addOption(hidden('--ignore-unfixed'))
    .addOption(hidden('--exit-code <code>').argParser(readExitCode))
    .addOption(hidden('-f, --format <format>'))
    .addOption(hidden('--scanners <list>').argParser(readScanners))
    .addOption(hidden('--security-checks <list>').argParser(readScanners))
    .addOption(hidden('--input <file>'));
}

/** Sets Tidewaiter's own flags from the familiar ones. */
export function translated<Flags extends ScanFlags>(flags: Flags): Flags {
  const { severity, ignoreUnfixed, exitCode, format, scanners, failOn, output } = flags;
  const gate = failOn ?? (exitCode ? (severity?.at(-1) ?? severities.at(-1)) : undefined);
  return {
    ...flags,
    ...(ignoreUnfixed && { onlyFixed: true }),
    ...(scanners && { kinds: scanners }),
    ...(gate !== undefined && { failOn: gate }),
    ...(format !== undefined && { output: outputsOf(format, output) }),
  };
}

/**
 * With `--format`, `--output` names a file, as in Trivy; here it names a format, and a file behind
 * `=`.
 */
function outputsOf(format: string, output: readonly string[] = []): string[] {
  return output.length === 0 ? [format] : output.map((file) => `${format}=${file}`);
}

const scannerKinds: Readonly<Record<string, readonly FindingKind[]>> = {
  vuln: ['vulnerability'],
  misconfig: ['misconfiguration'],
  config: ['misconfiguration'],
  ...Object.fromEntries(findingKinds.map((kind) => [kind, [kind]])),
};

function readScanners(text: string): FindingKind[] {
  return text.split(',').flatMap((name) => {
    const kinds = Object.hasOwn(scannerKinds, name.trim()) ? scannerKinds[name.trim()] : undefined;
    if (kinds) return kinds;
    const advice = name.trim() === 'license' ? ' Licenses are in `tidewaiter sbom`.' : '';
    throw new InvalidArgumentError(`Scanners are vuln, misconfig, ${findingKinds.join(', ')}.${advice}`);
  });
}

/** Reads one severity in any case. */
export function readSeverity(text: string): Severity {
  const severity = severities.find((each) => each === text.trim().toLowerCase());
  if (severity) return severity;
  throw new InvalidArgumentError(`Severities are ${severities.join(', ')}.`);
}

/** The worst first. */
function readSeverities(text: string): Severity[] {
  const given = new Set(text.split(',').map(readSeverity));
  return severities.filter((each) => given.has(each));
}

function readExitCode(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  throw new InvalidArgumentError('Give a number from 0 to 255.');
}

/** Flags of other scanners that have another name here, or no counterpart. */
const namesHere: Readonly<Record<string, string>> = {
  '--add-cpes-if-none': 'nothing: CPEs are not guessed',
  '--by-cve': 'nothing: findings have the id of the CVE',
  '--config': '--policy, --ignore-file and --vex',
  '--db-repository': 'advisories sync --url',
  '--download-db-only': 'advisories sync',
  '--fail-on-severity': '--fail-on',
  '--ignore-policy': '--policy',
  '--ignorefile': '--ignore-file',
  '--image-config-scanners': '--kinds',
  '--list-all-pkgs': 'sbom',
  '--offline-scan': '--offline',
  '--only-notfixed': 'nothing: -o json has the fix of each finding',
  '--pkg-types': '--kinds',
  '--scope': 'nothing: every layer is read, and lower ones are marked',
  '--show-suppressed': '-o json, which has them under `suppressed`',
  '--skip-db-update': '--offline',
  '--skip-update': '--offline',
  '--template': '-o json',
  '--vuln-type': '--kinds',
};

/** Commands of other scanners, and what to run here. */
const commandsHere: Readonly<Record<string, string>> = {
  config: 'scan dockerfile:FILE, or scan k8s:DIR',
  convert: 'scan -o FORMAT=FILE, which is repeatable',
  db: 'advisories',
  filesystem: 'scan rootfs:DIR',
  fs: 'scan rootfs:DIR',
  kubernetes: 'scan k8s:FILE_OR_DIR',
  repo: 'scan rootfs:DIR',
  repository: 'scan rootfs:DIR',
  rootfs: 'scan rootfs:DIR',
  server: 'up',
};

/** Adds to commander's message what a flag or command of another scanner is called here. */
export function withFamiliarName(message: string): string {
  const [, kind, name = ''] = /^error: unknown (option|command) '([^'\s]+)'/.exec(message) ?? [];
  const names = kind === 'option' ? namesHere : commandsHere;
  const here = kind !== undefined && Object.hasOwn(names, name) ? names[name] : undefined;
  return here === undefined ? message : `${message.trimEnd()}\nuse ${here}\n`;
}
