import type { OsRelease, OwnedFiles, PackageRecord } from '@tidewaiter/domain';

/** A file of a layer that an analyzer asked for. */
export interface SourceFile {
  /** From the image's root, without leading slash. */
  path: string;
  /** The whole file; lent for the call, never kept. */
  content: Buffer;
}

/** What one file says. */
export interface FileFacts {
  packages?: PackageRecord[];
  os?: OsRelease;
  /** Which files a package database says are whose. */
  owned?: OwnedFiles[];
  /** What of the file could not be read, in a few words: the facts are what the rest says. */
  damage?: string;
}

/** Reads one kind of file. */
export interface Analyzer {
  /** The name of its folder. */
  name: string;
  /** Stored with every analysed layer: raise it when the same bytes give another answer. */
  version: number;
  /**
   * Whether the file at this path is of the kind. `head` are its first bytes, 512 at most, and nothing for a link. Called for
   * every file of every layer: anything but a look at path or magic number is too much.
   */
  wants: (path: string, head: Uint8Array) => boolean;
  /** @throws MalformedFile when nothing of the file can be read */
  analyze: (file: SourceFile) => FileFacts;
}
