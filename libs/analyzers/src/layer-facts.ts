import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import type { AptPin } from '@tidewaiter/advisories';
import { InvalidInput, type OsRelease, type OwnedFiles, type PackageRecord } from '@tidewaiter/domain';
import type { FileSign, NamedHosts, ScriptText } from '@tidewaiter/integrity';
import { EntryTable, type LayerEntries, type Warning } from '@tidewaiter/oci';

import type { EnabledSuite, RpmRepositories, UnpinnedDependencies } from './analyzer.js';
import type { LayerSecret } from './archive-secrets.js';

/** Facts of one file of a layer, with the analyzer that read it. */
export interface FileRecord {
  path: string;
  analyzer: string;
  packages?: PackageRecord[];
  os?: OsRelease;
  owned?: OwnedFiles[];
  rpm?: RpmRepositories;
  suites?: EnabledSuite[];
  pins?: AptPin[];
  tagged?: [name: string, tag: string][];
  takenFrom?: string;
  /** As in {@link FileFacts}. */
  linked?: string;
  isUnpublished?: true;
  unpinned?: UnpinnedDependencies;
}

/**
 * Facts of the files of a layer: deterministic for the same layer and analyzers, and plain JSON.
 */
export interface LayerFacts {
  /** In the order of their paths. */
  files: FileRecord[];
  /** In the order of their paths; without values. */
  secrets: LayerSecret[];
  /** Public keys by file, in the order of their paths; absent if there are none. */
  publicKeys?: PublicKeys[];
  /** Integrity signs of single files, in the order of their paths. */
  signs: FileSign[];
  /**
   * Hosts that code and settings may connect to, in the order of their paths; absent if not
   * requested.
   */
  hosts?: NamedHosts[];
  /**
   * Scripts, redacted, in the order of their paths, as many as {@link ScriptBudget} allows; absent
   * if not requested.
   */
  scripts?: ScriptText[];
  /** Warnings about the layer and its files. */
  warnings: Warning[];
}

/** Identities of the public keys of certificates and of SSH in a file. */
export interface PublicKeys {
  path: string;
  keys: string[];
}

/** Stored form of a layer: its entries and the facts of its files. */
export interface AnalyzedLayer {
  entries: LayerEntries;
  facts: LayerFacts;
}

/** Creates a layer without entries and facts. */
export function emptyLayer(): AnalyzedLayer {
  return { entries: EntryTable.of([]), facts: { files: [], secrets: [], signs: [], warnings: [] } };
}

const maxFactBytes = 1024 * 1024 * 1024;

/**
 * Compresses facts for storage: the file lists of a distribution's packages take some megabytes as
 * text.
 */
export function encodeFacts(facts: LayerFacts): Buffer {
  return zstdCompressSync(JSON.stringify(facts));
}

/**
 * Decompresses the output of `encodeFacts`.
 * @throws InvalidInput `FACTS_INVALID`
 */
export function decodeFacts(packed: Uint8Array): LayerFacts {
  try {
    return JSON.parse(zstdDecompressSync(packed, { maxOutputLength: maxFactBytes }).toString('utf8')) as LayerFacts;
  } catch (cause) {
    throw new InvalidInput('FACTS_INVALID', 'facts of a layer that cannot be unpacked', { cause });
  }
}
