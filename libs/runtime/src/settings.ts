import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { InvalidInput, policyModes, type RuntimeSource, type Secret } from '@tidewaiter/domain';
import { policyOf, type RuntimePolicy, runtimePolicySettings } from '@tidewaiter/facts';
import { readRules, type Rules, ruleSettings } from '@tidewaiter/policy';
import { parseDuration } from '@tidewaiter/routing';
import { type GenericFields, genericFields, sensorOf, sensors } from '@tidewaiter/sensors';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

import type { ClientCertificate } from './egress-pools.js';
import { ownerLabels, ownerRules, type OwnerSettings } from './owner-settings.js';
import { pipeline, type PipelineSettings, pipelineSettings } from './pipeline-settings.js';
import { name, type ReadSecretFile, secretPair, type SecretReader, secretReader } from './secret-settings.js';

const maxFileBytes = 1024 * 1024;

/** How a registry, or a mirror of one, is reached. */
const registryHost = {
  credentials: z
    .strictObject({ username: z.string().min(1), ...secretPair('password') })
    .refine(({ password, passwordFile }) => password ?? passwordFile, { path: ['password'], error: 'is missing' })
    .optional(),
  /** Where bearer tokens come from, when that is another host than the registry's. */
  tokenHost: z.string().optional(),
  /** Whether it may live on a private or loopback address. */
  allowPrivate: z.boolean().default(false),
  /** PEM file of the authority that signed its certificate. */
  caFile: z.string().optional(),
  /** PEM files that say who we are. */
  clientCertFile: z.string().optional(),
  clientKeyFile: z.string().optional(),
  /** Takes any certificate. */
  insecure: z.boolean().default(false),
};

const mirror = z.strictObject({
  /** With a path, its repositories stand below that: `https://mirror.example.com/hub`. */
  url: z.url({ protocol: /^https?$/ }),
  /** Tags are asked of the registry itself unless told otherwise: a mirror may be behind, and a push is about what is new. */
  gives: z.enum(['digests', 'both']).default('digests'),
  ...registryHost,
});

/** Words of `kind:` of a registry, aliases among them. */
export const registryKindWords = [
  ...['distribution', 'harbor', 'quay', 'gitlab', 'jfrog', 'artifactory', 'nexus', 'nexus3', 'gitea', 'forgejo', 'zot'],
  ...['dockerhub', 'docker-hub', 'ghcr', 'github', 'ecr', 'aws', 'gar', 'gcr', 'google', 'acr', 'azure'],
  ...['aliyun-acr', 'aliyun', 'generic'],
] as const;

const path = z.string().regex(/^[^.]+(\.[^.]+)*$/, 'is no path such as data.repository');

/** Where in a body what stands, for the kind `generic`. */
const fields = z.strictObject({
  events: path.optional(),
  action: path.optional(),
  push: z.array(z.string().min(1)).optional(),
  delete: z.array(z.string().min(1)).optional(),
  repository: path,
  tag: path.optional(),
  digest: path.optional(),
  mediaType: path.optional(),
  registry: path.optional(),
  actor: path.optional(),
  at: path.optional(),
  id: path.optional(),
});

const topicArn = z.string().regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:.+$/, 'is no ARN of a topic');

/** A duration in milliseconds; null for `never`. */
const silence = z.string().transform((text, context) => {
  if (text === 'never') return null;
  try {
    return parseDuration(text);
  } catch {
    context.addIssue('is no duration such as 10m, and not never');
    return z.NEVER;
  }
});

/** A duration in milliseconds; `0` is never. */
const duration = z.union([z.string(), z.literal(0)]).transform((given, context) => {
  try {
    return parseDuration(String(given));
  } catch {
    context.addIssue('is neither 0 nor a duration such as 30s, 15m or 1h');
    return z.NEVER;
  }
});

/** How the registry is looked at in the background, to find pushes that nobody told of. */
const reconcile = z
  .strictObject({
    every: duration.default(15 * 60_000),
    /** Names, or patterns with `*`; all of its catalogue where none are given. */
    repositories: z.array(z.string().min(1)).default([]),
    requestsPerMinute: z.int().min(1).max(60_000).default(600),
    /** How many of the newest tags of a repository are brought in that is seen for the first time. */
    importNewest: z.int().min(0).max(1_000).default(3),
  })
  .prefault({})
  .transform(({ every, repositories, requestsPerMinute, importNewest }) => ({
    intervalMs: every,
    repositories,
    pauseMs: Math.floor(60_000 / requestsPerMinute),
    newest: importNewest,
  }));

/** How GitHub is asked to deliver again what it could not deliver. */
const redeliver = z.strictObject({
  /** `orgs/acme/hooks/123` or `repos/acme/shop/hooks/123`. */
  hook: z.string().regex(/^(orgs\/[\w.-]+|repos\/[\w.-]+\/[\w.-]+)\/hooks\/[0-9]{1,15}$/, 'is no orgs/NAME/hooks/ID'),
  ...secretPair('token'),
  /** Of GitHub's API: another one for an Enterprise Server. */
  url: z.url({ protocol: /^https?$/ }).default('https://api.github.com'),
  /** Whether that may live on a private or loopback address. */
  allowPrivate: z.boolean().default(false),
  every: duration.default(15 * 60_000),
});

/** What `reconcile` of a registry says. */
export type Reconciliation = z.output<typeof reconcile>;

const registry = z
  .strictObject({
    name,
    kind: z.enum(registryKindWords),
    /** `https://registry.example.com`; plain HTTP only where it says so. */
    url: z.url({ protocol: /^https?$/ }),
    ...secretPair('webhookSecret'),
    /** Accepts webhooks without a secret. Only for registries that cannot send one, on a network that you trust. */
    allowUnauthenticated: z.boolean().default(false),
    /** Topic of Amazon SNS whose signed messages are believed. */
    topicArn: topicArn.optional(),
    /** PEM file of the certificate that SNS signs with, where it cannot be fetched from Amazon. */
    snsCertificateFile: z.string().optional(),
    /** Whose tokens of Google are believed: the audience and the service account of the push subscription. */
    audience: z.string().min(1).optional(),
    serviceAccount: z.email().optional(),
    /** JWKS file of Google's keys, where they cannot be fetched. */
    googleKeysFile: z.string().optional(),
    fields: fields.optional(),
    redeliver: redeliver.optional(),
    reconcile,
    ...registryHost,
    /** An older word for `insecure`. */
    insecureSkipVerify: z.boolean().default(false),
    /** Asked before the registry, in this order. */
    mirrors: z.array(mirror).max(16).default([]),
  })
  .superRefine(({ kind, fields: paths, redeliver: hook, audience, serviceAccount }, context) => {
    const issue = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (paths !== undefined && kind !== 'generic') issue('fields', 'is for the kind generic');
    if (hook !== undefined && kind !== 'ghcr' && kind !== 'github') issue('redeliver', 'is for the kind ghcr');
    if (audience !== undefined && serviceAccount === undefined) issue('serviceAccount', 'is missing');
    if (serviceAccount !== undefined && audience === undefined) issue('audience', 'is missing');
  });

/** Kinds that tell of calls of a cloud and of findings, or what nobody knows: that they say nothing for a day means nothing. */
const quietKinds: ReadonlySet<string> = new Set(['cloudtrail', 'guardduty', 'generic']);

const sensor = z
  .strictObject({
    name,
    kind: z.enum(sensors.flatMap(({ source, aliases }) => [source, ...aliases])),
    cluster: z.string().min(1).optional(),
    ...secretPair('token'),
    /** The topic of Amazon SNS whose signed messages are believed. */
    topicArn: topicArn.optional(),
    snsCertificateFile: z.string().optional(),
    /** For `generic`: our names of fields, and the path of each in the events. */
    fields: z.partialRecord(z.enum(genericFields), z.string().min(1)).optional(),
    /** How long it may say nothing before people are told; `never` for one that is quiet by nature. */
    silentAfter: silence.optional(),
    allowUnauthenticated: z.boolean().default(false),
  })
  .superRefine(({ kind, fields: paths }, context) => {
    const problem = (message: string) => context.addIssue({ code: 'custom', path: ['fields'], message });
    if (paths !== undefined && kind !== 'generic') problem('is for the kind generic');
    if (paths === undefined && kind === 'generic') problem('is missing');
  });

const certificateKeys = ['identity', 'issuer'] as const;

/** Either a key, or who must have signed with a certificate under which root. */
const signer = z
  .strictObject({
    name,
    ...secretPair('key'),
    identity: z.string().min(1).optional(),
    issuer: z.string().min(1).optional(),
    ...secretPair('trustedRoot'),
    /** Repositories whose images must be signed by this signer, or another one that names them; `*` stands for anything. */
    repositories: z.array(z.string().min(1)).min(1).default(['*']),
  })
  .superRefine(({ key, keyFile, trustedRoot, trustedRootFile, ...certificate }, context) => {
    const hasRoot = trustedRoot !== undefined || trustedRootFile !== undefined;
    const given = certificateKeys.filter((each) => certificate[each] !== undefined).length;
    const isByKey = key !== undefined || keyFile !== undefined;
    if (isByKey ? given === 0 && !hasRoot : given === 2 && hasRoot) return;
    context.addIssue({ code: 'custom', message: 'give keyFile, or identity, issuer and trustedRootFile' });
  });
const admission = z
  .strictObject({
    /** What a verdict does that fails: nothing but be counted, warn, or refuse. */
    mode: z.enum(policyModes).default('warn'),
    /** What becomes of an image that nobody knows, or could not judge. Refused only where the mode is `enforce`. */
    unknown: z.enum(['allow', 'deny']).default('allow'),
    /** Where nothing is asked: a cluster that cannot start its own parts cannot be mended. */
    exemptNamespaces: z
      .array(z.string().min(1))
      .default(['kube-system', 'kube-public', 'kube-node-lease', 'tidewaiter']),
    /** Answers without an API token: Kubernetes has none unless its API server is configured to. */
    allowUnauthenticated: z.boolean().default(false),
  })
  .prefault({});

/** How the console answers Kubernetes. */
export type AdmissionSettings = z.output<typeof admission>;

const settings = z.strictObject({
  ...ruleSettings,
  admission,
  /** How workloads are meant to behave. */
  runtime: runtimePolicySettings.prefault({}),
  registries: z.array(registry).default([]),
  sensors: z.array(sensor).default([]),
  pipelines: z.array(pipeline).default([]),
  signers: z.array(signer).default([]),
  owners: ownerRules,
  ownerLabels,
  egress: z
    .strictObject({
      /** Private addresses that outbound calls may reach: CIDR ranges or host names. */
      allow: z.array(z.string().min(1)).default([]),
    })
    .default({ allow: [] }),
  /** The app whose buttons people press, with what Slack signs its requests with. */
  slack: z.strictObject({ signingSecret: z.string().optional(), signingSecretFile: z.string().optional() }).optional(),
  /** Words of messages that somebody wrote down. */
  templates: z.strictObject({ dir: z.string().min(1) }).optional(),
  /** Platforms of an index that are analysed. */
  platforms: z.array(z.string().regex(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/)).default(['linux/amd64', 'linux/arm64']),
});

/** A host that images are read from. */
interface RegistryHostSettings {
  url: string;
  credentials?: { username: string; password: Secret };
  tokenHost?: string;
  allowPrivate: boolean;
  /** PEM text. */
  ca?: string;
  client?: ClientCertificate;
  insecureSkipVerify: boolean;
}

/** A host that holds copies of what a registry has. */
export interface MirrorSettings extends RegistryHostSettings {
  gives: 'digests' | 'both';
}

/** The hook of GitHub whose failed deliveries are asked for again. */
export interface RedeliverSettings {
  /** Its path in the API. */
  hook: string;
  token: Secret;
  url: string;
  allowPrivate: boolean;
  /** 0: never. */
  intervalMs: number;
}

/** One registry that may call us and that we pull from. */
export interface RegistrySettings extends RegistryHostSettings {
  name: string;
  kind: (typeof registryKindWords)[number];
  webhookSecret?: Secret;
  allowUnauthenticated: boolean;
  /** Whose signed messages are believed, and with which certificate (PEM) where it is not Amazon's to fetch. */
  sns?: { topicArn: string; certificate?: string | undefined };
  /** Whose tokens are believed, and with which keys (JWKS) where they are not Google's to fetch. */
  google?: { audience: string; serviceAccount: string; keys?: string | undefined };
  /** Where in a body what stands. */
  fields?: z.output<typeof fields>;
  redeliver?: RedeliverSettings;
  reconcile: Reconciliation;
  mirrors: MirrorSettings[];
}

/** One runtime sensor that may call us. */
export interface SensorSettings {
  name: string;
  kind: RuntimeSource;
  cluster: string | null;
  token?: Secret;
  sns?: { topicArn: string; certificate?: string | undefined };
  fields?: GenericFields;
  /** Null: it is never missed. */
  silentAfterMs: number | null;
  allowUnauthenticated: boolean;
}

/** Somebody who must have signed the images of some repositories. */
export type SignerSettings = { name: string; repositories: string[] } & (
  | { /** PEM text. */ key: string }
  | { identity: string; issuer: string; /** JSON text. */ trustedRoot: string }
);

/** What `tidewaiter.yaml` says. */
export interface TidewaiterSettings {
  registries: RegistrySettings[];
  sensors: SensorSettings[];
  pipelines: PipelineSettings[];
  signers: SignerSettings[];
  owners: OwnerSettings;
  egressAllow: string[];
  platforms: string[];
  /** By what images are judged. */
  rules: Rules;
  admission: AdmissionSettings;
  /** How workloads are meant to behave. */
  runtime: RuntimePolicy;
  /** The files of the folder `templates.dir`; empty without one. */
  templates: TextFile[];
  /** What Slack signs with that people press buttons; undefined where messages have none. */
  slackSigningSecret: Secret | undefined;
}

/** A file of a folder that settings name. */
export interface TextFile {
  path: string;
  text: string;
}

/**
 * Reads `tidewaiter.yaml`; without a path, the settings of a new installation.
 * @throws InvalidInput `SETTINGS_INVALID`, naming every wrong key and never a value.
 */
export function readSettings(path: string | undefined): TidewaiterSettings {
  if (path === undefined) return parseSettings('', () => '');
  const folder = dirname(resolve(path));
  return parseSettings(
    readText(path),
    (file) => readText(resolve(folder, file)).trim(),
    (dir) => readFolder(resolve(folder, dir)),
  );
}

/** The files of a folder, in the order of their names. */
export function readFolder(path: string): TextFile[] {
  const names = readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  return names.toSorted().map((name) => ({ path: join(path, name), text: readText(join(path, name)) }));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
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
): TidewaiterSettings {
  if (text.length > maxFileBytes) throw new InvalidInput('SETTINGS_INVALID', 'tidewaiter.yaml is over 1 MiB');
  const read = settings.safeParse(readYaml(text) ?? {});
  if (!read.success) throw invalid(read.error.issues.flatMap(issueLines));

  const problems: string[] = [];
  const reader = secretReader(readFile, problems);
  const result = {
    registries: read.data.registries.map((each, index) => registrySettings(each, `registries[${index}]`, reader)),
    sensors: read.data.sensors.map((each, index) => sensorSettings(each, `sensors[${index}]`, reader)),
    pipelines: read.data.pipelines.flatMap((each, index) => pipelineSettings(each, `pipelines[${index}]`, reader)),
    signers: read.data.signers.map((each, index) => signerSettings(each, `signers[${index}]`, reader)),
    owners: { rules: read.data.owners, labels: read.data.ownerLabels },
    egressAllow: read.data.egress.allow,
    platforms: read.data.platforms,
    admission: read.data.admission,
    slackSigningSecret: reader.read(
      'slack.signingSecret',
      read.data.slack?.signingSecret,
      read.data.slack?.signingSecretFile,
    ),
    templates: folderFiles(read.data.templates?.dir, listFolder, problems),
    runtime: policyOf(read.data.runtime),
    rules: {
      ...readRules(read.data, reader.text, problems),
      signedRepositories: read.data.signers.flatMap(({ repositories }) => repositories),
    },
  };
  for (const list of ['registries', 'sensors', 'pipelines', 'signers'] as const)
    problems.push(...repeatedNames(list, result[list]));
  if (problems.length > 0) throw invalid(problems);
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

/** Problems are told by line, never with the text of the line: it may hold a secret. */
function readYaml(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const problems = document.errors.map(
    ({ code, pos }) => `line ${lines.linePos(pos[0]).line}: not valid YAML (${code})`,
  );
  if (problems.length > 0) throw invalid(problems);
  try {
    return document.toJS({ maxAliasCount: 100 });
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

function registrySettings(read: z.output<typeof registry>, at: string, secrets: SecretReader): RegistrySettings {
  const { name, kind, allowUnauthenticated, webhookSecret, webhookSecretFile, insecureSkipVerify, mirrors, ...rest } =
    read;
  const { audience, serviceAccount, googleKeysFile, fields: paths, reconcile: looks, ...host } = rest;
  return {
    name,
    kind,
    allowUnauthenticated,
    webhookSecret: secrets.read(`${at}.webhookSecret`, webhookSecret, webhookSecretFile),
    sns: snsSettings(read, at, secrets),
    google:
      audience === undefined || serviceAccount === undefined
        ? undefined
        : { audience, serviceAccount, keys: secrets.text(`${at}.googleKeysFile`, googleKeysFile) },
    fields: paths,
    redeliver: redeliverSettings(read.redeliver, `${at}.redeliver`, secrets),
    reconcile: looks,
    ...hostSettings({ ...host, insecure: host.insecure || insecureSkipVerify }, at, secrets),
    mirrors: mirrors.map(({ gives, ...each }, index) => ({
      gives,
      ...hostSettings(each, `${at}.mirrors[${index}]`, secrets),
    })),
  };
}

function redeliverSettings(
  read: z.output<typeof redeliver> | undefined,
  at: string,
  secrets: SecretReader,
): RedeliverSettings | undefined {
  if (read === undefined) return undefined;
  const { hook, url, allowPrivate, every } = read;
  const token = secrets.read(`${at}.token`, read.token, read.tokenFile);
  if (token === undefined && read.tokenFile === undefined) secrets.problem(`${at}.token: is missing`);
  return token && { hook, token, url, allowPrivate, intervalMs: every };
}

function hostSettings(
  read: Omit<z.output<typeof mirror>, 'gives'>,
  at: string,
  secrets: SecretReader,
): RegistryHostSettings {
  const { url, tokenHost, allowPrivate, insecure, credentials, caFile, clientCertFile, clientKeyFile } = read;
  const password =
    credentials && secrets.read(`${at}.credentials.password`, credentials.password, credentials.passwordFile);
  return {
    url,
    tokenHost,
    allowPrivate,
    insecureSkipVerify: insecure,
    credentials: credentials && password && { username: credentials.username, password },
    ca: secrets.text(`${at}.caFile`, caFile),
    client: clientCertificate(clientCertFile, clientKeyFile, at, secrets),
  };
}

function clientCertificate(
  certFile: string | undefined,
  keyFile: string | undefined,
  at: string,
  secrets: SecretReader,
): ClientCertificate | undefined {
  const key = secrets.read(`${at}.clientKey`, undefined, keyFile);
  const certificate = secrets.text(`${at}.clientCertFile`, certFile);
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'clientCertFile' : 'clientKeyFile';
    secrets.problem(`${at}.${missing}: is missing; a certificate and its key go together`);
  }
  return certificate && key ? { certificate, key } : undefined;
}

const silentAfterMs = 600_000;

function sensorSettings(read: z.output<typeof sensor>, at: string, secrets: SecretReader): SensorSettings {
  const { name, token, tokenFile, cluster, fields: paths, silentAfter, allowUnauthenticated } = read;
  const kind = sensorOf(read.kind)?.source ?? 'generic';
  return {
    name,
    kind,
    cluster: cluster ?? null,
    token: secrets.read(`${at}.token`, token, tokenFile),
    sns: snsSettings(read, at, secrets),
    fields: paths,
    silentAfterMs: silentAfter === undefined ? (quietKinds.has(kind) ? null : silentAfterMs) : silentAfter,
    allowUnauthenticated,
  };
}

function snsSettings(
  { topicArn, snsCertificateFile }: { topicArn?: string | undefined; snsCertificateFile?: string | undefined },
  at: string,
  secrets: SecretReader,
): SensorSettings['sns'] {
  if (topicArn === undefined) return undefined;
  return { topicArn, certificate: secrets.text(`${at}.snsCertificateFile`, snsCertificateFile) };
}

function signerSettings(read: z.output<typeof signer>, at: string, secrets: SecretReader): SignerSettings {
  const { name, repositories, identity, issuer } = read;
  const trustedRoot = secrets.read(`${at}.trustedRoot`, read.trustedRoot, read.trustedRootFile)?.reveal();
  if (identity !== undefined && issuer !== undefined) {
    return { name, repositories, identity, issuer, trustedRoot: trustedRoot ?? '' };
  }
  return { name, repositories, key: secrets.read(`${at}.key`, read.key, read.keyFile)?.reveal() ?? '' };
}

function repeatedNames(list: string, all: { name: string }[]): string[] {
  const names = all.map(({ name }) => name);
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${list}: ${name} is there twice`);
}
