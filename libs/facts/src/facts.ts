import type { Digest, Severity } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

/** File of an image. */
export interface ManifestFile {
  /** Hex; null if it was not read. */
  sha256: string | null;
  /** Name of its package. */
  package: string | null;
}

/** Lookup of files by absolute path, in memory and synchronous. */
export interface FileManifest {
  get(path: string): ManifestFile | null;
}

/** Image before the current one: from the tag's history, or the previous release. */
export interface PreviousImage {
  digest: Digest;
  /** Whether the tag itself pointed to it; else it is the previous release. */
  isOfTag: boolean;
  pushedBy: string | null;
  /** Null if the signature was not checked. */
  signed: boolean | null;
  /** Null if it was not recorded. */
  entrypoint: readonly string[] | null;
  /** Null if the manifest was not stored; then only the two lists are available. */
  files: FileManifest | null;
  addedFiles: readonly string[];
  changedFiles: readonly string[];
}

/** Secret found in an image, without its value. */
export interface SecretView {
  /** The rule that matched. */
  id: string;
  path: string | null;
  fingerprint: string | null;
  /** Only in hand-written facts; the platform stores only the fingerprint. */
  accessKeyId: string | null;
}

/** Access key that signed a call. */
export interface AccessKey {
  /** Masked: `AKIA************WXYZ`. */
  id: string;
  /** Null if the sensor's record was not masked. */
  fingerprint: string | null;
}

/** Known facts of one image. */
export interface ImageFacts {
  digest: Digest;
  repository: string | null;
  tag: string | null;
  createdAt: string | null;
  pushedAt: string | null;
  pushedBy: string | null;
  files: FileManifest;
  entrypoint: readonly string[];
  user: string | null;
  /** Null means not checked. */
  signed: boolean | null;
  signerChanged: boolean | null;
  provenanceVerified: boolean | null;
  /** Run of the pipeline that built it, as its provenance names it; absent if it names none. */
  buildId?: string | null;
  /** Whether a rebuild of its sources gives the same content; absent if none was made. */
  isReproduced?: boolean | null;
  /** Images that the tag pointed to before, newest first; for a new tag the previous release. */
  previous: readonly PreviousImage[];
  /** By package name; packages inside a file also by the path of the file. */
  vulnerabilities: ReadonlyMap<string, readonly VulnerabilityView[]>;
  secrets: readonly SecretView[];
  /** Integrity and malware findings, by path. */
  flagged: ReadonlyMap<string, { kind: 'integrity' | 'malware'; id: string }>;
  /** Ids of its supply-chain findings of medium severity or worse; absent if not evaluated. */
  supplyChain?: readonly string[];
}

export interface VulnerabilityView {
  id: string;
  severity: Severity;
  kev: boolean;
  epss: number | null;
  /** Whether the advisory is about a package that was published to do harm. */
  isMalicious?: boolean;
  /** Path of a package inside an archive: `/srv/shop.ear!/lib/log4j-core-2.14.1.jar`. */
  location: string | null;
}

/** Known facts of one workload. */
export interface WorkloadFacts extends WorkloadRef {
  imageDigests: readonly Digest[];
  namespaceLabels: Readonly<Record<string, string>>;
  exposed: boolean | null;
  privileged: boolean | null;
  serviceAccount: string | null;
  replicas: number | null;
}

/** Lookup of all known facts, in memory: rules never wait. */
export interface FactsView {
  image(digest: Digest): ImageFacts | null;
  workload(workload: WorkloadRef): WorkloadFacts | null;
  /** Workloads that are known to run an image. */
  workloadsOf(digest: Digest): readonly WorkloadRef[];
  /** Returns the image in which the id of a cloud access key was found. */
  secretOfKey(key: AccessKey): { digest: Digest; secret: SecretView } | null;
}

/**
 * Whether an advisory is about a malicious package, by its id: those of OpenSSF have a prefix of
 * their own.
 * @see https://github.com/ossf/malicious-packages
 */
export function isMalwareAdvisory(id: string): boolean {
  return id.startsWith('MAL-');
}
