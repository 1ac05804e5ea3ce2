import { type Digest, InvalidInput, isDigest, severities, type Severity } from '@tidewaiter/domain';
import { maskAccessKey } from '@tidewaiter/secrets';
import { parseWorkloadKey, workloadKey, type WorkloadRef } from '@tidewaiter/workloads';
import { z } from 'zod';

import {
  type AccessKey,
  type FactsView,
  type ImageFacts,
  isMalwareAdvisory,
  type VulnerabilityView,
  type WorkloadFacts,
} from './facts.js';
import { noPolicy, type RuntimePolicy } from './policy.js';

/** Content of a facts file, for `replay`. */
export interface FactsFile {
  cluster: string | null;
  facts: FactsView;
  policy: RuntimePolicy;
}

const text = z.string().max(8192);
const texts = z.array(text).max(100_000).default([]);
const lists = z.record(text, z.array(text).max(100_000)).default({});
const flag = z.boolean().nullish();
const named = text.nullish();

// Loose objects: a file may have more keys than these.
const file = z.looseObject({
  sha256: named,
  package: named,
  malware: named,
  matches_package_metadata: flag,
  matches_upstream: flag,
});

const vulnerability = z.looseObject({
  id: text,
  package: text,
  path: named,
  severity: text.default('unknown'),
  kev: z.boolean().default(false),
  epss: z.number().min(0).max(1).nullish(),
  malware: flag,
});

const image = z.looseObject({
  repository: named,
  tag: named,
  created: named,
  pushed: z.looseObject({ at: named, by: named }).nullish(),
  config: z.looseObject({ entrypoint: texts.nullable(), user: named }).nullish(),
  signature: z.looseObject({ signed: flag, verified: flag, identity: named }).nullish(),
  provenance: z
    .looseObject({ present: flag, verified: flag, build_id: named, reproducible_rebuild_matches: flag })
    .nullish(),
  files: z.record(text, file).default({}),
  vulnerabilities: z.array(vulnerability).default([]),
  secrets: z.array(z.looseObject({ type: text, path: named, fingerprint: named, access_key_id: named })).default([]),
  previous_digests: z
    .array(
      z.looseObject({
        digest: text,
        pushed_by: named,
        signed: flag,
        identity: named,
        diff: z
          .looseObject({ added_files: texts, changed_files: texts, entrypoint_before: z.array(text).nullish() })
          .nullish(),
      }),
    )
    .default([]),
});

const workload = z.looseObject({
  image_digest: named,
  image_digests: texts,
  namespace_labels: z.record(text, text).default({}),
  exposed: flag,
  privileged: flag,
  service_account: named,
  replicas: z.number().nullish(),
});

const policy = z.looseObject({
  admins: texts,
  allowed_egress: lists,
  anonymous_access_expected: z.boolean().optional(),
  builder_namespaces: texts,
  cloud_accounts: texts,
  debug_namespaces: texts,
  environments: z.record(text, z.enum(['dev', 'test', 'staging', 'production'])).default({}),
  cluster_dns: z.union([text.transform((address) => [address]), texts]).default([]),
  egress_baseline_bytes: z.record(text, z.number()).default({}),
  egress_seen_with_previous_digest: lists,
  exec_probes: lists,
  known_child_commands: lists,
  image_first_seen: z.boolean().optional(),
  image_scanned: z.boolean().optional(),
  installed_by_package_manager_paths: texts,
  internal_npm_scopes: texts,
  internal_ranges: texts,
  key_usual_source: lists,
  lockfile_integrity: z.record(text, text).default({}),
  package_mirrors: texts,
  resolved_from_public_registry: texts,
  sa_usual_namespaces: lists,
  sa_usual_sources: lists,
  sa_usual_user_agents: lists,
  security_agents: texts,
  signature_required_namespaces: texts,
});

const factsFile = z.looseObject({
  cluster: named,
  images: z.record(text, image).default({}),
  workloads: z.record(text, workload).default({}),
  policy: policy.prefault({}),
});

/**
 * Parses facts about images and workloads from the JSON document that `replay --facts` takes.
 * Missing keys are unknown facts.
 * @throws InvalidInput `FACTS_INVALID`, naming each wrong key
 */
export function factsFromFile(json: unknown): FactsFile {
  const read = factsFile.safeParse(json);
  if (!read.success) {
    const lines = read.error.issues.slice(0, 20).map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new InvalidInput('FACTS_INVALID', `not a file of facts:\n  ${lines.join('\n  ')}`);
  }
  const cluster = read.data.cluster ?? null;
  const images = new Map(
    Object.entries(read.data.images).flatMap(([digest, each]) =>
      isDigest(digest) ? [[digest, imageFacts(digest, each)]] : [],
    ),
  );
  const workloads = workloadFacts(read.data.workloads, cluster);
  return { cluster, facts: new FactsInMemory(images, workloads), policy: policyFacts(read.data.policy) };
}

/** Facts that are all loaded from the start. */
class FactsInMemory implements FactsView {
  readonly #keys = new Map<string, NonNullable<ReturnType<FactsView['secretOfKey']>>>();

  constructor(
    private readonly images: ReadonlyMap<Digest, ImageFacts>,
    private readonly workloads: ReadonlyMap<string, WorkloadFacts>,
  ) {
    for (const { digest, secrets } of images.values()) {
      for (const secret of secrets) {
        if (secret.accessKeyId !== null) this.#keys.set(maskAccessKey(secret.accessKeyId), { digest, secret });
      }
    }
  }

  image(digest: Digest): ImageFacts | null {
    return this.images.get(digest) ?? null;
  }

  /** The cluster is not compared: a file is about one cluster. */
  workload(workload: WorkloadRef): WorkloadFacts | null {
    return this.workloads.get(workloadKey(workload)) ?? null;
  }

  workloadsOf(digest: Digest): readonly WorkloadRef[] {
    return [...this.workloads.values()].filter(({ imageDigests }) => imageDigests.includes(digest));
  }

  secretOfKey({ id }: AccessKey): ReturnType<FactsView['secretOfKey']> {
    return this.#keys.get(maskAccessKey(id)) ?? null;
  }
}

function imageFacts(digest: Digest, read: z.output<typeof image>): ImageFacts {
  const { signature, provenance } = read;
  const signed = signature?.verified ?? signature?.signed ?? null;
  return {
    digest,
    repository: read.repository ?? null,
    tag: read.tag ?? null,
    createdAt: read.created ?? null,
    pushedAt: read.pushed?.at ?? null,
    pushedBy: read.pushed?.by ?? null,
    files: filesOf(read.files),
    entrypoint: read.config?.entrypoint ?? [],
    user: read.config?.user ?? null,
    signed,
    signerChanged: signerChanged(read, signed),
    provenanceVerified: provenanceVerified(provenance, signed),
    buildId: provenance?.build_id ?? null,
    isReproduced: provenance?.reproducible_rebuild_matches ?? null,
    previous: read.previous_digests.map((each) => ({
      digest: each.digest,
      isOfTag: true,
      pushedBy: each.pushed_by ?? null,
      signed: each.signed ?? null,
      entrypoint: each.diff?.entrypoint_before ?? null,
      files: null,
      addedFiles: each.diff?.added_files ?? [],
      changedFiles: each.diff?.changed_files ?? [],
    })),
    vulnerabilities: vulnerabilitiesOf(read.vulnerabilities),
    secrets: read.secrets.map(({ type, path, fingerprint, access_key_id: key }) => ({
      id: type,
      path: path ?? null,
      fingerprint: fingerprint ?? null,
      accessKeyId: key ?? null,
    })),
    flagged: flaggedOf(read.files),
  };
}

/** Provenance without a verification result counts as verified if the signature does. */
function provenanceVerified(provenance: z.output<typeof image>['provenance'], signed: boolean | null): boolean | null {
  if (provenance?.present === false) return false;
  return provenance?.verified ?? (provenance?.present && signed ? true : null);
}

/** Null where the previous image was not signed, or one of the signers is not known. */
function signerChanged(
  { signature, previous_digests: [before] }: z.output<typeof image>,
  signed: boolean | null,
): boolean | null {
  if (before?.signed !== true || signed === null) return null;
  if (!signed) return true;
  return before.identity && signature?.identity ? before.identity !== signature.identity : null;
}

function filesOf(read: Record<string, z.output<typeof file>>): ImageFacts['files'] {
  const files = new Map(
    Object.entries(read).map(([path, { sha256, package: name }]) => [
      path,
      { sha256: sha256?.toLowerCase().replace(/^sha256:/, '') ?? null, package: name ?? null },
    ]),
  );
  return { get: (path) => files.get(path) ?? null };
}

function vulnerabilitiesOf(read: z.output<typeof vulnerability>[]): ImageFacts['vulnerabilities'] {
  const known = new Map<string, VulnerabilityView[]>();
  for (const { id, package: name, path, severity, kev, epss, malware } of read) {
    const ofPackage = known.get(name) ?? [];
    const isMalicious = malware ?? isMalwareAdvisory(id);
    ofPackage.push({
      id,
      severity: severityOf(severity),
      kev,
      epss: epss ?? null,
      location: path ?? null,
      isMalicious,
    });
    known.set(name, ofPackage);
  }
  return known;
}

function severityOf(word: string): Severity {
  return severities.find((each) => each === word.toLowerCase()) ?? 'unknown';
}

function flaggedOf(read: Record<string, z.output<typeof file>>): ImageFacts['flagged'] {
  const flagged = new Map<string, { kind: 'integrity' | 'malware'; id: string }>();
  for (const [path, { malware, matches_package_metadata: isPackaged, matches_upstream: isUpstream }] of Object.entries(
    read,
  )) {
    if (malware) flagged.set(path, { kind: 'malware', id: malware });
    else if (isPackaged === false) flagged.set(path, { kind: 'integrity', id: 'package-file-modified' });
    else if (isUpstream === false) flagged.set(path, { kind: 'integrity', id: 'upstream-content-mismatch' });
  }
  return flagged;
}

function workloadFacts(
  read: Record<string, z.output<typeof workload>>,
  cluster: string | null,
): Map<string, WorkloadFacts> {
  const known = new Map<string, WorkloadFacts>();
  for (const [key, each] of Object.entries(read)) {
    const ref = parseWorkloadKey(key);
    if (!ref) throw new InvalidInput('FACTS_INVALID', 'workloads: each is namespace/Kind/name');
    known.set(key, {
      ...ref,
      cluster,
      imageDigests: [...(each.image_digest ? [each.image_digest] : []), ...each.image_digests].filter(isDigest),
      namespaceLabels: each.namespace_labels,
      exposed: each.exposed ?? null,
      privileged: each.privileged ?? null,
      serviceAccount: each.service_account ?? null,
      replicas: each.replicas ?? null,
    });
  }
  return known;
}

function policyFacts(read: z.output<typeof policy>): RuntimePolicy {
  const verified = Object.entries(read.lockfile_integrity).map(([name, word]) => [name, word === 'verified'] as const);
  return {
    ...noPolicy,
    admins: read.admins,
    allowedEgress: read.allowed_egress,
    anonymousAccessExpected: read.anonymous_access_expected,
    builderNamespaces: read.builder_namespaces,
    cloudAccounts: read.cloud_accounts,
    debugNamespaces: read.debug_namespaces,
    environments: read.environments,
    clusterDns: read.cluster_dns,
    egressBaselineBytes: read.egress_baseline_bytes,
    egressWithPreviousDigest: read.egress_seen_with_previous_digest,
    execProbes: read.exec_probes,
    knownChildCommands: read.known_child_commands,
    imageFirstSeen: read.image_first_seen,
    imageScanned: read.image_scanned,
    installedPaths: read.installed_by_package_manager_paths,
    internalNpmScopes: read.internal_npm_scopes,
    internalRanges: read.internal_ranges,
    keySources: read.key_usual_source,
    lockfileVerified: Object.fromEntries(verified),
    packageMirrors: read.package_mirrors,
    publicNpmPackages: read.resolved_from_public_registry,
    serviceAccountNamespaces: read.sa_usual_namespaces,
    serviceAccountSources: read.sa_usual_sources,
    serviceAccountClients: read.sa_usual_user_agents,
    securityAgents: read.security_agents,
    signatureRequiredNamespaces: read.signature_required_namespaces,
  };
}
