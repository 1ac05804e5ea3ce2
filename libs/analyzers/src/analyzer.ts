import type { AptPin } from '@tidewaiter/advisories';
import type { OsRelease, OwnedFiles, PackageRecord, PackageType } from '@tidewaiter/domain';

/** File of a layer that an analyzer requested. */
export interface SourceFile {
  /** From the image's root, without leading slash. */
  path: string;
  /** Whole file; lent for the call, never stored. */
  content: Buffer;
}

/** Facts about the repositories of RPM packages. */
export interface RpmRepositories {
  /** Packages, `name-version-release.arch`, each with the repository it was installed from. */
  origins?: [nevra: string, repository: string][];
  /** Repositories of the build system that made the layer, and enabled ones; CPEs of labels. */
  repositories?: string[];
  /** Enabled modules: `nginx:1.18`. */
  modules?: string[];
}

/** Suite of apt or branch of apk in the configuration of repositories. */
export interface EnabledSuite {
  /** `bookworm-security`, `v3.20`. */
  suite: string;
  /** Tag of the packages that may come from it; others do not. */
  tag?: string;
}

/** Dependencies that a file names without the version that would be installed. */
export interface UnpinnedDependencies {
  type: PackageType;
  /** Empty where only the file is known to have some. */
  names: string[];
}

/** Facts read from one file. */
export interface FileFacts {
  packages?: PackageRecord[];
  os?: OsRelease;
  /** Files that a package database assigns to packages. */
  owned?: OwnedFiles[];
  rpm?: RpmRepositories;
  /** Suites that the configuration of a package manager enables. */
  suites?: EnabledSuite[];
  /** Pins of apt, in their order. */
  pins?: AptPin[];
  /** Packages that were installed from repositories with a tag. */
  tagged?: [name: string, tag: string][];
  /** Repository and commit of the Python distribution in the folder of this file, as `vcs_url`. */
  takenFrom?: string;
  /** Names of the code in a program, see `linkedNames`: base64 of an encoded set. */
  linked?: string;
  /** The package of this manifest is private: no registry has it. */
  isUnpublished?: true;
  /** Dependencies whose version this file does not say. */
  unpinned?: UnpinnedDependencies;
  /** Short description of the part that could not be read; the facts cover the rest. */
  damage?: string;
  /**
   * Short description of content whose packages are not read. None for a file of a distribution's
   * package, which is evaluated as a whole.
   */
  unread?: string;
}

/** Reads one kind of file. */
export interface Analyzer {
  /** Name of its folder. */
  name: string;
  /** Stored with every analyzed layer: raise it when the same bytes give another result. */
  version: number;
  /**
   * Whether the file at this path is of the kind. `head` has its first bytes, at most 512, and none
   * for a link. Called for every file of every layer: check only the path or a magic number.
   */
  wants: (path: string, head: Uint8Array) => boolean;
  /**
   * Largest file in bytes that is kept for it, `maxTextBytes` unless given: it stays in memory
   * until the analyzer has read it.
   */
  maxBytes?: number;
  /**
   * Package by the path of any of its files, where only the name of its folder describes it; found
   * in that folder. Called like {@link wants}.
   */
  packageAt?: (path: string) => PackageRecord | undefined;
  /** @throws MalformedFile when nothing of the file can be read */
  analyze: (file: SourceFile) => FileFacts;
}

/** Limit for texts: the package database of a large installation has some 20 MB. */
export const maxTextBytes = 32 * 1024 * 1024;
