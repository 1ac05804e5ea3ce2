export const entryTypes = ['file', 'directory', 'symlink', 'hardlink', 'character', 'block', 'fifo'] as const;

export type EntryType = (typeof entryTypes)[number];

export type DigestAlgorithm = 'sha256' | 'md5' | 'sha1';

/** One entry of a layer: a file of it, or the mark that one of the layers below is removed. */
export interface LayerEntry {
  /** From the image's root, without leading slash; the root is the empty path. */
  path: string;
  type: EntryType;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes; 0 for everything but files and hard links to files of the same layer. */
  size: number;
  /** Hex, of a file or of the file of the same layer that a hard link names. */
  sha256?: string;
  /** Likewise, where they were asked for: what databases of packages compare with. */
  md5?: string;
  sha1?: string;
  /** Of a symbolic link as it is written; of a hard link as a path from the root. */
  linkTarget?: string;
  /** Hex of the `vfs_cap_data` that gives a program capabilities, where a tar says so; a file tree does not tell. */
  capabilities?: string;
  /** `file`: `path` of the layers below is removed. `opaque`: everything below the directory `path` is. */
  whiteout?: 'file' | 'opaque';
}

/** The entries of a layer: an array, or an `EntryTable` in far less memory. */
export interface LayerEntries extends Iterable<LayerEntry> {
  readonly length: number;
  at(index: number): LayerEntry | undefined;
}
