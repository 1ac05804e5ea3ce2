import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

/** A file of a layer that an analyzer asked for. */
export interface SourceFile {
  /** From the image's root, without leading slash. */
  path: string;
  content: Buffer;
}

/** What one file says. */
export interface FileFacts {
  packages?: PackageRecord[];
  os?: OsRelease;
  /** What of the file could not be read, in a few words: the facts are what the rest says. */
  damage?: string;
}

/** Reads one kind of file. */
export interface Analyzer {
  /** The name of its folder. */
  name: string;
  /** Stored with every analysed layer: raise it when the same bytes give another answer. */
  version: number;
  /** Whether the file at this path is of the kind. Called for every entry of every layer. */
  wants: (path: string) => boolean;
  /** @throws MalformedFile when nothing of the file can be read */
  analyze: (file: SourceFile) => FileFacts;
}
