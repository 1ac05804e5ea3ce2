import { dirname, resolve } from 'node:path';

import { InvalidInput, type ManagedEntry, type Secret, type Severity, TidewaiterError } from '@tidewaiter/domain';
import { policyOf, type RuntimePolicy, runtimePolicySettings } from '@tidewaiter/facts';
import { missingKey, readRules, type Rules, ruleSettings } from '@tidewaiter/policy';
import { YamlDocument } from '@tidewaiter/yaml';
import { z } from 'zod';

import { access, type AccessSettings, accessSettings } from './access-settings.js';
import { admission, type AdmissionSettings } from './admission-settings.js';
import { advisories, type AdvisorySettings } from './advisory-settings.js';
import { ConfigFiles } from './config-files.js';
import { containment, type ContainmentSettings, containmentSettings } from './containment-settings.js';
import { entryRules } from './entries/entry-rules.js';
import type { Management } from './entries/managed-document.js';
import { type FileEntry, isEntry, mergeEntries } from './entries/merge-entries.js';
import { ownerLabels, ownerRules, type OwnerSettings } from './owner-settings.js';
import { pipeline, type PipelineSettings, pipelineSettings } from './pipeline-settings.js';
import { duration, registry, type RegistrySettings, registrySettings } from './registry-settings.js';
import { releases, type ReleaseSettings } from './release-settings.js';
import { fixLimits, report, type ReportSettings } from './report-settings.js';
import { type ReadSecretFile, secretReader } from './secret-settings.js';
import { sensor, type SensorSettings, sensorSettings } from './sensor-settings.js';
import type { Definition } from './service.js';
import { signer, type SignerSettings, signerSettings } from './signer-settings.js';

const maxFileBytes = 1024 * 1024;
const maxAliasCount = 100;

const settings = z.strictObject({
  ...ruleSettings,
  access,
  admission,
  advisories,
  containment,
  /** Expected behavior of workloads. */
  runtime: runtimePolicySettings.prefault({}),
  registries: z.array(registry).default([]),
  sensors: z.array(sensor).default([]),
  reports: z.array(report).max(1_000).default([]),
  fixLimits,
  pipelines: z.array(pipeline).default([]),
  signers: z.array(signer).default([]),
  /** Time after a push before a missing signature is announced: CI signs after it pushes. */
  signatureGrace: duration.refine((ms) => ms <= 86_400_000, 'must be 24h or less').default(120_000),
  identity: z
    .strictObject({
      /** Pushes from which the usual identities of a repository are learned; 0 learns nothing. */
      learnFrom: z
        .int()
        .max(50)
        .refine((count) => count === 0 || count >= 3, 'must be 0, or 3 to 50')
        .default(5),
    })
    .prefault({}),
  releases,
  owners: ownerRules,
  ownerLabels,
  egress: z
    .strictObject({
      /** Private addresses that outbound calls may reach: CIDR ranges or host names. */
      allow: z.array(z.string().min(1)).default([]),
    })
    .default({ allow: [] }),
  /** Slack app for message buttons, with the secret that Slack signs its requests with. */
  slack: z.strictObject({ signingSecret: z.string().optional(), signingSecretFile: z.string().optional() }).optional(),
  /** Folder of custom message templates. */
  templates: z.strictObject({ dir: z.string().min(1) }).optional(),
  /** Bounds of the entries that are managed by API. */
  management: z
    .strictObject({
      /** Folder with the files that they may name. */
      filesDir: z.string().min(1).optional(),
      /** Whether registries may be on private addresses, or take any certificate. */
      allowPrivate: z.boolean().default(false),
    })
    .prefault({}),
  /** Platforms of an index that are analyzed. */
  platforms: z.array(z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/)).default(['linux/amd64', 'linux/arm64']),
});

/** Settings of `tidewaiter.yaml`. An abstract class, so that it can be injected by its type. */
export abstract class TidewaiterSettings {
  abstract registries: RegistrySettings[];
  abstract sensors: SensorSettings[];
  abstract reports: ReportSettings[];
  /** Days within which vulnerabilities are to be fixed; severities without a limit are left out. */
  abstract fixLimits: Partial<Record<Severity, number>>;
  abstract pipelines: PipelineSettings[];
  abstract signers: SignerSettings[];
  /** Settings for learning the usual signer, builder and pusher of a repository. */
  abstract identity: { learnFrom: number };
  /** Time after a push during which a missing signature is not announced. */
  abstract signatureGraceMs: number;
  abstract releases: ReleaseSettings[];
  abstract owners: OwnerSettings;
  abstract egressAllow: string[];
  abstract platforms: string[];
  /** Rules for the verdicts of images. */
  abstract rules: Rules;
  /** Users and sessions of the console. */
  abstract access: AccessSettings;
  abstract admission: AdmissionSettings;
  /** Ages of vulnerability data that give a warning. */
  abstract advisories: AdvisorySettings;
  /** Orders to the agents of clusters. */
  abstract containment: ContainmentSettings;
  /** Expected behavior of workloads. */
  abstract runtime: RuntimePolicy;
  /** The files of the folder `templates.dir`; empty without one. */
  abstract templates: TextFile[];
  /** Signing secret of the Slack app; undefined if messages have no buttons. */
  abstract slackSigningSecret: Secret | undefined;
  /** Bounds of the entries that are managed by API. */
  abstract management: Management;
  /** Entries of `tidewaiter.yaml`, as the API shows them. */
  abstract fileEntries: FileEntry[];
}

/** Entries from the database beside those of the file. */
export interface ManagedInput {
  /** Undefined while the database has not been asked yet. */
  entries?: readonly ManagedEntry[] | undefined;
  /** Key of their secrets. */
  key?: Secret | undefined;
}

/** A file of a folder that settings name. */
export interface TextFile {
  path: string;
  text: string;
}

/** Keys of the secrets that a service uses; it does not open the files of others. */
const secretsOf: Readonly<Record<string, RegExp>> = {
  ingest: /^(?:sensors|pipelines|slack)\b|\.webhookSecret$/,
  scanner: /^(?:signers\b|registries\[\d+\]\.(?!webhookSecret$))/,
  detector: /^containment\b/,
  notifier: /^$/,
  console: /^(?:access|containment)\b/,
};

/**
 * Reads `tidewaiter.yaml`; without a path, the settings of a new installation.
 * @param files records which files were read, so that a change is detected
 * @param service reads the files of its secrets only; without it those of all services
 * @throws InvalidInput `SETTINGS_INVALID`, naming every wrong key and never a value.
 */
export function readSettings(
  path: string | undefined,
  files = new ConfigFiles(),
  service?: string,
  managed: ManagedInput = {},
): TidewaiterSettings {
  if (path === undefined)
    return parseSettings(
      '',
      () => '',
      () => [],
      service,
      managed,
    );
  const folder = dirname(resolve(path));
  return parseSettings(
    readText(path, files),
    (file) => readText(resolve(folder, file), files).trim(),
    (dir) => readFolder(resolve(folder, dir), files),
    service,
    managed,
  );
}

/**
 * Reads the settings of a service. At its start, a managed entry that cannot be read is replaced by
 * the strictest one of its kind: the service starts, and nothing passes that should not. Later, the
 * last good settings stay in use.
 * @returns the settings, and the error about the replaced entries
 * @throws InvalidInput `SETTINGS_INVALID`
 */
export function loadSettings(
  { settingsFile: path, entryKey: key }: { settingsFile?: string | undefined; entryKey?: Secret | undefined },
  service: string,
  files: ConfigFiles,
  { managed, isStart }: Definition,
): { settings: TidewaiterSettings; configError: TidewaiterError | null } {
  const entries = managed?.entries.filter(isEntry) ?? [];
  try {
    return { settings: readSettings(path, files, service, { entries, key }), configError: null };
  } catch (error) {
    if (!isStart) throw error;
    if (!(error instanceof TidewaiterError)) throw error;
    const isReadable = (entry: ManagedEntry): boolean => {
      try {
        readSettings(path, files, service, { entries: [entry], key });
        return true;
      } catch {
        return false;
      }
    };
    // The file alone has to be right.
    readSettings(path, files, service);
    const readable = entries.filter(isReadable);
    const settings = readSettings(path, files, service, { entries: readable, key });
    for (const entry of entries.filter((each) => !readable.includes(each)))
      entryRules[entry.kind].standIn(settings, entry, `the managed entry ${entry.kind}/${entry.name} cannot be read`);
    return { settings, configError: error };
  }
}

/** The files of a folder, in the order of their names. */
export function readFolder(path: string, files = new ConfigFiles()): TextFile[] {
  return files.folder(path).map((file) => ({ path: file, text: readText(file, files) }));
}

function readText(path: string, files: ConfigFiles): string {
  try {
    return files.text(path);
  } catch (cause) {
    throw new InvalidInput('SETTINGS_INVALID', `cannot read ${path}`, { cause });
  }
}

/**
 * The pure part of {@link readSettings}.
 * @throws InvalidInput `SETTINGS_INVALID`
 */
export function parseSettings(
  text: string,
  readFile: ReadSecretFile,
  listFolder: (path: string) => TextFile[] = () => [],
  service?: string,
  managed: ManagedInput = {},
): TidewaiterSettings {
  if (text.length > maxFileBytes) throw new InvalidInput('SETTINGS_INVALID', 'tidewaiter.yaml is over 1 MiB');
  const problems: string[] = [];
  const { value, lineOf } = readYaml(text);
  const merged = mergeEntries(value ?? {}, managed.entries ?? [], { lineOf, key: managed.key, problems });
  if (problems.length > 0) throw invalid(problems);
  const read = settings.safeParse(merged.value, { error: missingKey });
  if (!read.success) throw invalid(read.error.issues.flatMap(issueLines).map(merged.named));

  const used = service === undefined ? undefined : secretsOf[service];
  const reader = secretReader(readFile, problems, (at) => used?.test(at) ?? true);
  const result = {
    registries: read.data.registries.map((each, index) => registrySettings(each, `registries[${index}]`, reader)),
    sensors: read.data.sensors.map((each, index) => sensorSettings(each, `sensors[${index}]`, reader)),
    pipelines: read.data.pipelines.flatMap((each, index) => pipelineSettings(each, `pipelines[${index}]`, reader)),
    reports: read.data.reports,
    fixLimits: read.data.fixLimits,
    signers: read.data.signers.map((each, index) => signerSettings(each, `signers[${index}]`, reader)),
    identity: read.data.identity,
    releases: read.data.releases,
    signatureGraceMs: read.data.signatureGrace,
    owners: { rules: read.data.owners, labels: read.data.ownerLabels },
    egressAllow: read.data.egress.allow,
    platforms: read.data.platforms,
    access: accessSettings(read.data.access, reader),
    admission: read.data.admission,
    advisories: read.data.advisories,
    containment: containmentSettings(read.data.containment, reader),
    slackSigningSecret: reader.read(
      'slack.signingSecret',
      read.data.slack?.signingSecret,
      read.data.slack?.signingSecretFile,
    ),
    templates: folderFiles(read.data.templates?.dir, listFolder, problems),
    runtime: policyOf(read.data.runtime),
    management: read.data.management,
    fileEntries: merged.files,
    rules: {
      ...readRules(read.data, reader.text, problems),
      signedRepositories: read.data.signers.flatMap(({ repositories }) => repositories),
    },
  };
  for (const list of ['registries', 'sensors', 'pipelines', 'signers', 'reports'] as const)
    problems.push(...repeatedNames(list, result[list]));
  problems.push(...repeatedNames('containment.automatic', result.containment.automatic));
  if (problems.length > 0) throw invalid(problems.map(merged.named));
  return result;
}

function folderFiles(
  dir: string | undefined,
  listFolder: (path: string) => TextFile[],
  problems: string[],
): TextFile[] {
  if (dir === undefined) return [];
  try {
    return listFolder(dir);
  } catch {
    problems.push(`templates.dir: cannot read ${dir}`);
    return [];
  }
}

/** Parses YAML. Problems name the line, never its text, which may hold a secret. */
function readYaml(text: string): { value: unknown; lineOf: (path: readonly PropertyKey[]) => number } {
  const document = new YamlDocument(text, { uniqueKeys: true });
  const problems = document.errors.map(({ code, line }) => `line ${line}: not valid YAML (${code})`);
  if (problems.length > 0) throw invalid(problems);
  try {
    return { value: document.plain(maxAliasCount), lineOf: (path) => document.lineOf(path) };
  } catch {
    throw invalid(['an alias has no anchor, or aliases are used too often']);
  }
}

function invalid(problems: string[]): InvalidInput {
  return new InvalidInput('SETTINGS_INVALID', `tidewaiter.yaml:\n${problems.map((line) => `  ${line}`).join('\n')}`);
}

function issueLines(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.reduce<string>(
    (all, key) => all + (typeof key === 'number' ? `[${key}]` : `.${String(key)}`),
    '',
  );
  const at = path.replace(/^\./, '');
  if (issue.code !== 'unrecognized_keys') return [`${at || 'the file'}: ${issue.message}`];
  return issue.keys.map((key) => `${at ? `${at}.` : ''}${key}: unknown key`);
}

function repeatedNames(list: string, all: { name: string }[]): string[] {
  const names = all.map(({ name }) => name);
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${list}: ${name} is there twice`);
}
