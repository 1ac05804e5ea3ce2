/** Conditions on images across the fleet; all that are given must hold. */
export interface BlastQuestion {
  /** Id of a vulnerability or of any advisory about it. */
  vulnerability?: string | undefined;
  /** Purl with a version, or without version and qualifiers for all versions. */
  purl?: string | undefined;
  /**
   * `openssl<3.0.14`, `pkg:npm/lodash<4.17.21`: a package by name, source package or purl, and its
   * versions.
   */
  package?: string | undefined;
  /** `<3.0.14`: versions of `purl` or `package`. */
  version?: string | undefined;
  /** Hash of a file's bytes, in hex. */
  sha256?: string | undefined;
  /** Absolute path of a file or link, in any layer. */
  path?: string | undefined;
  /** A diffID or the digest of a blob. */
  layer?: string | undefined;
  /** `debian:12`, or the digest of a base image. */
  base?: string | undefined;
  /** Fingerprint of a secret's value. */
  secret?: string | undefined;
  /** Digest of an image or an index, or of an image's configuration. */
  image?: string | undefined;
  /** Name, key fingerprint or certificate identity of a verified signature or attestation. */
  signer?: string | undefined;
  /** Images that a tag pointed to, or that ran, at some time from here on. */
  since?: Date | undefined;
  /** The same, up to here. */
  until?: Date | undefined;
  /** Whether to search running containers only. */
  running?: boolean | undefined;
}

/** A reason why an answer may lack images, and how many images or layers it concerns. */
export interface NotEvaluated {
  code: 'LAYERS_UNREAD' | 'FILES_NOT_INDEXED' | 'PATHS_NOT_INDEXED' | 'TOO_MANY_RESULTS';
  message: string;
  count: number;
}

/**
 * One condition as a query of the columns `image_digest`, `package_id`, `is_mitigated`,
 * `is_unknown` and `note`, with several rows for an image that meets the condition several times.
 */
export interface BlastCondition {
  /** @param parameter adds a parameter and returns its name, `$3` */
  sql(parameter: (value: unknown) => string): string;
  /** Number of packages of the fleet that meet it. */
  packages: number;
  notEvaluated: NotEvaluated[];
}
