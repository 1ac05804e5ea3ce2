export const entryTypes = ['file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo'] as const;

export type EntryType = (typeof entryTypes)[number];

export type DigestAlgorithm = 'sha256' | 'md5' | 'sha1';

/** Entry of a layer: a file, or a whiteout that removes a path of the layers below. */
export interface LayerEntry {
  /** From the image's root, without leading slash; the root is the empty path. */
  path: string;
  type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /**
   * Modification time in whole seconds since 1970; absent if it is 0, as in reproducible builds, or
   * beyond 32 bits.
   */
  mtime?: number;
  /** Bytes; 0 for everything but files and hard links to files of the same layer. */
  size: number;
  /** Hex, of a file or of the file of the same layer that a hard link names. */
  sha256?: string;
  /** Also computed on request, because package databases use md5 and sha1. */
  md5?: string;
  sha1?: string;
  /** Target as written for a symbolic link; path from the root for a hard link. */
  linkTarget?: string;
  /**
   * Hex of the `vfs_cap_data` that gives a program capabilities, if the tar has it; a file tree
   * never does.
   */
  capabilities?: string;
  /** `file` removes `path` of the layers below, `opaque` everything below the directory `path`. */
  whiteout?: 'file' | 'opaque';
}

/** Entries of a layer: an array, or an `EntryTable` in far less memory. */
export interface LayerEntries extends Iterable<LayerEntry> {
  readonly length: number;
  at(index: number): LayerEntry | undefined;
}
