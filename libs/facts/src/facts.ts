import type { Digest, Severity } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

/** A file as an image has it. */
export interface ManifestFile {
  /** Hex; null where it was not read. */
  sha256: string | null;
  /** Name of the package that owns it. */
  package: string | null;
}

/** Answers for absolute paths, in memory and at once. */
export interface FileManifest {
  get(path: string): ManifestFile | null;
}

/** What a tag pointed to before. */
export interface PreviousImage {
  digest: Digest;
  /** Whether the tag itself pointed to it; else it is what release comparison chose: the release before it. */
  isOfTag: boolean;
  pushedBy: string | null;
  /** Null where nobody asked. */
  signed: boolean | null;
  /** Null where nobody kept it. */
  entrypoint: readonly string[] | null;
  /** Null where they were not kept; then the lists say what they can. */
  files: FileManifest | null;
  addedFiles: readonly string[];
  changedFiles: readonly string[];
}

/** A secret that lies in an image. Its value is nowhere. */
export interface KnownSecret {
  /** The rule that found it. */
  id: string;
  path: string | null;
  fingerprint: string | null;
  /** In facts that a person wrote; the platform itself keeps the fingerprint alone. */
  accessKeyId: string | null;
}

/** The key that signed a call. */
export interface AccessKey {
  /** Masked: `AKIA************WXYZ`. */
  id: string;
  /** Null where the record came from a sensor that nothing was masked for. */
  fingerprint: string | null;
}

/** What is known of one image. */
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
  /** Null: nobody asked. */
  signed: boolean | null;
  signerChanged: boolean | null;
  provenanceVerified: boolean | null;
  /** Images that the tag pointed to before, newest first; of a new tag the release before it. */
  previous: readonly PreviousImage[];
  /** By the name of the package; those of packages inside a file by its path as well. */
  vulnerabilities: ReadonlyMap<string, readonly KnownVulnerability[]>;
  secrets: readonly KnownSecret[];
  /** Findings of integrity and malware, by path. */
  flagged: ReadonlyMap<string, { kind: 'integrity' | 'malware'; id: string }>;
  /** Ids of its supply-chain findings that are medium or worse; absent where nobody looks for any. */
  supplyChain?: readonly string[];
}

export interface KnownVulnerability {
  id: string;
  severity: Severity;
  kev: boolean;
  epss: number | null;
  /** Path of a package inside an archive: `/srv/shop.ear!/lib/log4j-core-2.14.1.jar`. */
  location: string | null;
}

/** What is known of one workload. */
export interface WorkloadFacts extends WorkloadRef {
  imageDigests: readonly Digest[];
  namespaceLabels: Readonly<Record<string, string>>;
  exposed: boolean | null;
  privileged: boolean | null;
  serviceAccount: string | null;
  replicas: number | null;
}

/** Everything that is known, ready in memory: rules wait for nothing. */
export interface KnownFacts {
  image(digest: Digest): ImageFacts | null;
  workload(workload: WorkloadRef): WorkloadFacts | null;
  /** Workloads that are known to run an image. */
  workloadsOf(digest: Digest): readonly WorkloadRef[];
  /** The image in which the id of a cloud access key was found. */
  secretOfKey(key: AccessKey): { digest: Digest; secret: KnownSecret } | null;
}
