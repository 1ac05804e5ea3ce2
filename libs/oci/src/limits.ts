const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

/**
 * Limits for one layer. Exceeding one throws `LimitExceeded` with the limit's name. The compression
 * ratio has no limit: preallocated and sparse files are legitimate, and zeros stream through
 * constant memory.
 */
export interface LayerLimits {
  /** Bytes of the uncompressed tar. */
  maxUncompressedBytes: number;
  maxEntries: number;
  /** Bytes of one name, as in Linux's PATH_MAX. */
  maxPathBytes: number;
  /** Characters of all names, which stay in memory. */
  maxNameBytes: number;
  /** Bytes of the extended headers (PAX, GNU) and the sparse map of one entry. */
  maxHeaderBytes: number;
  /**
   * Bytes of all sparse files with their holes; files above it are listed but not read or hashed,
   * with a warning.
   */
  maxSparseBytes: number;
  /**
   * Bytes of one wanted file, which is in memory while it arrives; a larger one is listed but not
   * read, with a warning.
   */
  maxWantedFileBytes: number;
  /**
   * Bytes of files that are passed on again for links to them; links above it are skipped, with a
   * warning.
   */
  maxLinkedBytes: number;
}

export const layerLimits: Readonly<LayerLimits> = {
  maxUncompressedBytes: 64 * gib,
  // A layer of a million files has directories too.
  maxEntries: 1_250_000,
  maxPathBytes: 4 * kib,
  maxNameBytes: 128 * mib,
  maxHeaderBytes: mib,
  // Holes take no bytes of the tar, but are hashed like zeros.
  maxSparseBytes: 16 * gib,
  maxWantedFileBytes: 256 * mib,
  // A hard link costs a header of the tar, and as much work as the file.
  maxLinkedBytes: gib,
};

/**
 * Limits for all layers of an image together, which are merged in memory: some 250 bytes for each
 * entry. A layer that the image has twice counts twice.
 */
export interface ImageLimits {
  maxImageEntries: number;
}

export const imageLimits: Readonly<ImageLimits> = { maxImageEntries: 2_500_000 };

/** Number of symbolic links followed for one path, as in Linux. */
export const maxLinkDepth = 40;

/** Limits for one manifest or config. Registries accept manifests of 4 MiB. */
export const documentLimits = {
  maxManifestBytes: 4 * mib,
  maxConfigBytes: 4 * mib,
  maxLayers: 1_000,
  maxManifests: 1_000,
  /** An index may contain indexes, which contain images; no known builder nests deeper. */
  maxIndexDepth: 2,
  /** Characters of one text of a config; longer texts are cut. */
  maxTextLength: 64 * kib,
} as const;
