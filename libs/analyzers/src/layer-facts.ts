import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import {
  InvalidInput,
  LimitExceeded,
  TidewaiterError,
  type OsRelease,
  type OwnedFiles,
  type PackageRecord,
} from '@tidewaiter/domain';
import { type FileSign, inspectFile, wantsInspection } from '@tidewaiter/integrity';
import {
  headBytes,
  type LayerContent,
  type LayerEntries,
  type TakenFile,
  WarningList,
  type Warning,
} from '@tidewaiter/oci';
import { findSecrets, mayHoldSecrets, type SecretSighting } from '@tidewaiter/secrets';

import type { Analyzer, FileFacts } from './analyzer.js';

/** What one file of a layer says, with the analyzer that read it. */
export interface FileRecord {
  path: string;
  analyzer: string;
  packages?: PackageRecord[];
  os?: OsRelease;
  owned?: OwnedFiles[];
}

/** What the files of a layer say: the same for the same layer and the same analyzers, and plain JSON. */
export interface LayerFacts {
  /** In the order of their paths. */
  files: FileRecord[];
  /** In the order of their paths; without values. */
  secrets: SecretSighting[];
  /** What is odd about single files, in the order of their paths. */
  signs: FileSign[];
  /** Of reading the layer and of its files. */
  warnings: Warning[];
}

/** One layer as it is stored: what it holds and what its files say. */
export interface AnalyzedLayer {
  entries: LayerEntries;
  facts: LayerFacts;
}

/** What is looked for beside packages. */
export interface AnalysisOptions {
  /** HMAC key for the fingerprints of secrets; without it none are looked for. With it, files are hashed as databases of packages do. */
  secretKey?: Uint8Array;
  /** Whether files are looked at for signs of tampering, and hashed likewise. */
  isInspected?: boolean;
}

/** What one reading of one file gave. */
interface Reading {
  record?: FileRecord;
  secrets?: SecretSighting[];
  signs?: FileSign[];
  warning?: Warning;
}

/** What a file is wanted for. */
interface Interest {
  path: string;
  analyzers: Analyzer[];
  mayHoldSecrets: boolean;
  isInspected: boolean;
}

/** All that one layer may say: what lies above costs memory in every image that has the layer. */
const maxFacts = 2_000_000;

/** Runs each analyzer over the files that it wants, as they arrive. A file that cannot be read costs itself and leaves a warning. */
export class FactCollector {
  readonly #readings = new Map<string, Reading[]>();
  /** Who wanted the file that was asked for last, which is the one that is taken next. */
  #interest: Interest = { path: '', analyzers: [], mayHoldSecrets: false, isInspected: false };
  #facts = 0;

  constructor(
    private readonly analyzers: readonly Analyzer[],
    private readonly options: AnalysisOptions,
  ) {}

  wants(path: string, head: Uint8Array): boolean {
    this.#interest = this.#interestIn(path, head);
    const { analyzers, mayHoldSecrets: isSearched, isInspected } = this.#interest;
    return analyzers.length > 0 || isSearched || isInspected;
  }

  /** @throws LimitExceeded `maxFacts` */
  take({ path, content, mode }: TakenFile): void {
    const known = this.#interest;
    const interest = known.path === path ? known : this.#interestIn(path, content.subarray(0, headBytes));
    const readings = interest.analyzers.map((analyzer) => readFile(analyzer, path, content));
    if (interest.mayHoldSecrets) readings.push(searchSecrets(path, content, this.options.secretKey!));
    if (interest.isInspected) readings.push({ signs: inspectFile({ path, content, mode }) });
    const telling = readings.filter(tellsAnything);
    if (telling.length > 0) this.#readings.set(path, telling);
    for (const reading of telling) this.#count(reading);
  }

  /** Drops what a file says that a later entry of the layer replaces. */
  forget(path: string): void {
    this.#readings.delete(path);
  }

  /** The facts of all files. */
  facts({ warnings }: Pick<LayerContent, 'warnings'>): LayerFacts {
    const list = new WarningList();
    for (const { code, path, message } of warnings) list.add(code, path, message);
    const files: FileRecord[] = [];
    const secrets: SecretSighting[] = [];
    const signs: FileSign[] = [];
    for (const [path, readings] of [...this.#readings].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      for (const { record } of readings) if (record) files.push(record);
      for (const reading of readings) {
        secrets.push(...(reading.secrets ?? []));
        signs.push(...(reading.signs ?? []));
      }
      // Several analyzers of one format say the same about a broken file.
      const told = new Map(readings.flatMap(({ warning }) => (warning ? [[warning.message, warning]] : [])));
      for (const { code, message } of told.values()) list.add(code, path, message);
    }
    return { files, secrets, signs, warnings: list.toArray() };
  }

  #interestIn(path: string, head: Uint8Array): Interest {
    return {
      path,
      analyzers: this.analyzers.filter((analyzer) => analyzer.wants(path, head)),
      mayHoldSecrets: this.options.secretKey !== undefined && mayHoldSecrets(path, head),
      isInspected: this.options.isInspected === true && wantsInspection(path, head),
    };
  }

  #count({ record, secrets = [], signs = [] }: Reading): void {
    const { packages = [], owned = [] }: Partial<FileRecord> = record ?? {};
    this.#facts += packages.length + secrets.length + signs.length;
    for (const { files } of owned) this.#facts += files.length;
    if (this.#facts > maxFacts)
      throw new LimitExceeded('maxFacts', `layer whose files say more than ${maxFacts} things`);
  }
}

/** Most files say nothing, and there may be a million of them. */
function tellsAnything({ record, secrets = [], signs = [], warning }: Reading): boolean {
  return record !== undefined || warning !== undefined || secrets.length > 0 || signs.length > 0;
}

function searchSecrets(path: string, content: Buffer, key: Uint8Array): Reading {
  const { sightings, damage } = findSecrets({ path, content }, key);
  const reading = sightings.length > 0 ? { secrets: sightings } : {};
  return damage === undefined ? reading : { ...reading, warning: { code: 'SECRET_SEARCH_CUT', path, message: damage } };
}

function readFile(analyzer: Analyzer, path: string, content: Buffer): Reading {
  try {
    const { damage, ...found }: FileFacts = analyzer.analyze({ path, content });
    const record = { path, analyzer: analyzer.name, ...found };
    if (damage === undefined) return { record };
    return { record, warning: { code: 'MALFORMED_FILE', path, message: damage } };
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    return { warning: { code: error.code, path, message: error.message } };
  }
}

const maxFactBytes = 1024 * 1024 * 1024;

/** Packs facts to be kept. The list of the files of a distribution's packages takes some megabytes as text. */
export function encodeFacts(facts: LayerFacts): Buffer {
  return zstdCompressSync(JSON.stringify(facts));
}

/**
 * Unpacks what `encodeFacts` packed.
 * @throws InvalidInput `FACTS_INVALID`
 */
export function decodeFacts(packed: Uint8Array): LayerFacts {
  try {
    return JSON.parse(zstdDecompressSync(packed, { maxOutputLength: maxFactBytes }).toString('utf8')) as LayerFacts;
  } catch (cause) {
    throw new InvalidInput('FACTS_INVALID', 'facts of a layer that cannot be unpacked', { cause });
  }
}
