import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import type { AptPin } from '@tidewaiter/advisories';
import {
  InvalidInput,
  LimitExceeded,
  TidewaiterError,
  type OsRelease,
  type OwnedFiles,
  type PackageRecord,
} from '@tidewaiter/domain';
import {
  type FileSign,
  hostsInFile,
  inspectFile,
  isComparedScript,
  maxScriptBytes,
  mayNameHosts,
  type NamedHosts,
  type ScriptText,
  wantsInspection,
} from '@tidewaiter/integrity';
import {
  EntryTable,
  type FileStream,
  headBytes,
  type LayerContent,
  type LayerEntries,
  type TakenFile,
  WarningList,
  type Warning,
} from '@tidewaiter/oci';
import {
  findSecrets,
  hasSearchedParts,
  mayHoldPublicKeys,
  publicKeysIn,
  redactedReason,
  redactSecrets,
  searchedKind,
  type SearchedKind,
  SecretSearch,
  type SecretSighting,
  secretsInText,
  withMasks,
} from '@tidewaiter/secrets';

import {
  type Analyzer,
  type EnabledSuite,
  type FileFacts,
  maxTextBytes,
  type RpmRepositories,
  type UnpinnedDependencies,
} from './analyzer.js';
import { type LayerSecret, mayHoldArchivedSecrets, searchArchive } from './archive-secrets.js';
import { FactBudget, type FactLimits, factLimits } from './fact-limits.js';
import { isGitObject, searchGitObjects } from './git-secrets.js';
import { redactPackages } from './redact-packages.js';
import { ArchiveBudget, isStreamedArchive, StreamedArchive } from './streamed-archive.js';

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

/** Analyses to run in addition to packages. */
export interface AnalysisOptions {
  /**
   * HMAC key for fingerprints of secrets; enables the search for secrets, and the digests of
   * package databases.
   */
  secretKey?: Uint8Array;
  /** Whether files are inspected for signs of tampering, and hashed likewise. */
  isInspected?: boolean;
  /** Limits that differ from `factLimits`. */
  factLimits?: Partial<FactLimits>;
}

/** Result of one reader for one file. */
interface Reading {
  record?: FileRecord;
  secrets?: LayerSecret[];
  signs?: FileSign[];
  hosts?: string[];
  publicKeys?: string[];
  script?: string;
  warning?: Warning;
}

/** Reader of files for one kind of facts. */
interface Reader {
  wants: (path: string, head: Uint8Array, sizeBytes: number) => boolean;
  /** Unlimited unless given. */
  maxBytes?: number;
  read: (file: TakenFile) => Reading;
}

/** Reader of the names of folders. */
interface FolderReader {
  name: string;
  packageAt: NonNullable<Analyzer['packageAt']>;
}

/** Reader of files in pieces, whatever their size. */
interface StreamReader {
  open: (path: string, head: Uint8Array, sizeBytes: number) => ReadingStream | undefined;
}

interface ReadingStream {
  write: (piece: Buffer) => void;
  end: () => Reading;
}

/** Archive that is being searched. */
interface OpenArchive {
  path: string;
  archive: StreamedArchive;
  /** Present if a later entry replaces it, with the hard link that keeps its content. */
  replaced?: { heir: string | undefined };
}

/**
 * Limit on other facts of one layer: hosts, keys and signs cost memory in every image that has the
 * layer.
 */
const maxFacts = 500_000;

/**
 * Analyzers of what is installed, by names that nothing else has: in an archive it is not read, but
 * may be unpacked when the container starts.
 */
const listers = new Set(['apk', 'dpkg', 'java', 'nested-root', 'node-package', 'python-package', 'rpm']);
const noHead = new Uint8Array();

/** Limit on files stored for one host of a layer: a host in so many files hardly disappears. */
const maxFilesOfHost = 20;

/** Limit on scripts of one layer with stored text, in the order of the layer. */
const maxScripts = 1_000;
const maxScriptsBytes = 4 * 1024 * 1024;

/** Runs each analyzer over its files as they arrive. An unreadable file only gives a warning. */
export class FactCollector {
  readonly #readers: readonly Reader[];
  readonly #folderReaders: readonly FolderReader[];
  /** Folders with a package whose record is known. */
  readonly #folders = new Set<string>();
  readonly #streamReaders: readonly StreamReader[];
  readonly #archiveBudget = new ArchiveBudget();
  readonly #listsPackages: (path: string) => boolean;
  #archives: OpenArchive[] = [];
  /** Secrets of files that a later entry of the layer replaces: their bytes are in the blob. */
  readonly #replaced: LayerSecret[] = [];
  readonly #readings = new Map<string, Reading[]>();
  /** Readers of the file of the last `wants` call, which the next `take` passes. */
  #asked: { path: string; readers: readonly Reader[] } | undefined;
  #facts = 0;
  readonly #scripts = new ScriptBudget();
  readonly #budget: FactBudget;

  constructor(
    analyzers: readonly Analyzer[],
    private readonly options: AnalysisOptions,
  ) {
    this.#budget = new FactBudget({ ...factLimits, ...options.factLimits });
    this.#readers = readersOf(analyzers, options);
    this.#folderReaders = analyzers.flatMap(({ name, packageAt }) => (packageAt ? [{ name, packageAt }] : []));
    this.#streamReaders = options.secretKey ? [secretStreams(options.secretKey)] : [];
    this.#listsPackages = (path) =>
      analyzers.some((analyzer) => listers.has(analyzer.name) && analyzer.wants(path, noHead));
  }

  wants(path: string, head: Uint8Array, sizeBytes: number): boolean {
    for (const reader of this.#folderReaders) this.#readFolder(reader, path);
    const readers = this.#readersFor(path, head, sizeBytes);
    this.#asked = { path, readers };
    return readers.length > 0;
  }

  #readFolder({ name, packageAt }: FolderReader, file: string): void {
    const found = packageAt(file);
    if (found === undefined || this.#folders.has(found.foundIn)) return;
    this.#folders.add(found.foundIn);
    this.#add(found.foundIn, { record: { path: found.foundIn, analyzer: name, packages: redactPackages([found]) } });
  }

  /** @throws LimitExceeded `maxFacts` */
  take(file: TakenFile): void {
    const { path, content } = file;
    const asked = this.#asked?.path === path ? this.#asked.readers : undefined;
    const readers = asked ?? this.#readersFor(path, content.subarray(0, headBytes), content.length);
    for (const reader of readers) this.#add(path, this.#scripts.limited(reader.read(file)));
  }

  /**
   * Whether the digests of a file decide what its facts mean: whose bytes a secret or the public
   * half of a key is in. Archives and files in pieces have theirs at any rate.
   */
  needsDigests(path: string): boolean {
    const readings = this.#readings.get(path) ?? [];
    return readings.some(({ secrets, publicKeys }) => secrets !== undefined || publicKeys !== undefined);
  }

  /** Opens the readers of a file that is read in pieces. */
  stream(path: string, head: Uint8Array, sizeBytes: number): FileStream | undefined {
    const streams = this.#streamReaders.flatMap((reader) => reader.open(path, head, sizeBytes) ?? []);
    if (isStreamedArchive(path, head)) {
      const { secretKey: key } = this.options;
      const search = { key, budget: this.#archiveBudget, listsPackages: this.#listsPackages };
      const archive = new StreamedArchive(path, search);
      this.#archives.push({ path, archive });
      return archive;
    }
    if (streams.length === 0) return undefined;
    return {
      write: (piece) => {
        for (const stream of streams) stream.write(piece);
      },
      end: () => {
        for (const stream of streams) this.#add(path, stream.end());
      },
    };
  }

  /** Work of archives that must end before the layer is read on. */
  settle(): Promise<void> | undefined {
    return this.#archives.length === 0 ? undefined : this.#readArchives();
  }

  async #readArchives(): Promise<void> {
    await Promise.all(this.#archives.map(({ archive }) => archive.settle()));
    const [done, open] = partition(this.#archives, ({ archive }) => archive.result() !== undefined);
    this.#archives = open;
    for (const { path, archive, replaced } of done) {
      const { sightings = [], problem, packages } = archive.result() ?? {};
      const secrets = sightings.map((sighting) => ({ ...sighting, archive: path }));
      if (replaced !== undefined) this.#keepReplaced(path, secrets, replaced.heir);
      else {
        this.#add(path, { ...readingOf(path, { sightings: [], damage: problem }), secrets });
        const warning = warningOf(path, { unread: packages });
        if (warning) this.#add(path, { warning });
      }
    }
  }

  #keepReplaced(path: string, secrets: readonly LayerSecret[], heir: string | undefined): void {
    if (heir === undefined) this.#replaced.push(...secrets.map((secret) => ({ ...secret, isReplaced: true as const })));
    else if (secrets.length > 0) this.#add(heir, { secrets: secrets.map((secret) => movedTo(heir, path, secret)) });
  }

  /**
   * Drops the facts of a file that a later entry of the layer replaces. Its secrets stay: they are
   * those of its hard link `heir`, or only of the blob.
   */
  forget(path: string, heir?: string): void {
    const readings = this.#readings.get(path) ?? [];
    for (const { script } of readings) this.#scripts.release(script);
    const secrets = readings.flatMap((reading) => reading.secrets ?? []);
    this.#keepReplaced(path, secrets, heir);
    for (const open of this.#archives) if (open.path === path) open.replaced ??= { heir };
    this.#readings.delete(path);
    if (this.#asked?.path === path) this.#asked = undefined;
  }

  /** Returns the facts of all files. */
  facts({ warnings }: Pick<LayerContent, 'warnings'>): LayerFacts {
    const list = new WarningList();
    for (const { code, path, message } of warnings) list.add(code, path, message);
    const files: FileRecord[] = [];
    const secrets: LayerSecret[] = [];
    const signs: FileSign[] = [];
    const scripts: ScriptText[] = [];
    const hosts = new HostList();
    const publicKeys: PublicKeys[] = [];
    for (const [path, readings] of [...this.#readings].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      for (const { record } of readings) if (record) files.push(record);
      for (const reading of readings) {
        secrets.push(...(reading.secrets ?? []));
        signs.push(...(reading.signs ?? []));
        if (reading.publicKeys) publicKeys.push({ path, keys: reading.publicKeys });
        if (reading.hosts) hosts.add(path, reading.hosts);
        if (reading.script !== undefined) scripts.push({ path, text: reading.script });
      }
      // Several analyzers of one format report the same problem of a broken file.
      const broken = new Map(readings.flatMap(({ warning }) => (warning ? [[warning.message, warning]] : [])));
      for (const { code, message } of broken.values()) list.add(code, path, message);
    }
    for (const { code, path, message } of this.#budget.warnings()) list.add(code, path, message);
    secrets.unshift(...withoutKnown(this.#replaced, secrets));
    const inspected = this.options.isInspected ? { hosts: hosts.named, scripts } : {};
    return {
      files,
      secrets,
      ...(publicKeys.length > 0 && { publicKeys }),
      signs,
      ...inspected,
      warnings: list.toArray(),
    };
  }

  #readersFor(path: string, head: Uint8Array, sizeBytes: number): Reader[] {
    const readers = this.#readers.filter((reader) => reader.wants(path, head, sizeBytes));
    return readers.filter(({ maxBytes = Infinity }) => {
      if (sizeBytes <= maxBytes) return true;
      const message = `file of more than ${maxBytes} bytes`;
      this.#add(path, { warning: { code: 'LIMIT_EXCEEDED', path, message } });
      return false;
    });
  }

  #add(path: string, found: Reading): void {
    if (!hasResult(found)) return;
    const { record, secrets } = found;
    const reading = {
      ...found,
      ...(record && { record: this.#budget.record(record) }),
      ...(secrets && { secrets: this.#budget.secrets(secrets) }),
    };
    const known = this.#readings.get(path);
    if (known === undefined) this.#readings.set(path, [reading]);
    else known.push(reading);
    this.#count(reading);
  }

  #count({ record, signs = [], hosts = [], publicKeys = [] }: Reading): void {
    this.#facts += signs.length + hosts.length + publicKeys.length + (record?.unpinned?.names.length ?? 0);
    if (this.#facts > maxFacts)
      throw new LimitExceeded('maxFacts', `layer whose files say more than ${maxFacts} things`);
  }
}

function readersOf(analyzers: readonly Analyzer[], { secretKey, isInspected }: AnalysisOptions): Reader[] {
  const readers = analyzers.map((analyzer): Reader => {
    const { maxBytes = maxTextBytes } = analyzer;
    return { wants: (path, head) => analyzer.wants(path, head), maxBytes, read: (file) => readFile(analyzer, file) };
  });
  if (secretKey) {
    readers.push(
      { wants: isSearchedWhole, read: (file) => searchSecrets(file, secretKey) },
      { wants: (path, _, sizeBytes) => mayHoldPublicKeys(path, sizeBytes), read: readPublicKeys },
      { wants: mayHoldArchivedSecrets, read: ({ path, content }) => searchArchive(path, content, secretKey) },
      { wants: isGitObject, read: ({ path, content }) => searchGitObjects(path, content, secretKey) },
    );
  }
  if (isInspected) {
    readers.push(
      { wants: wantsInspection, read: (file) => ({ signs: inspectFile(file) }) },
      { wants: mayNameHosts, read: (file) => ({ hosts: hostsInFile(file) }) },
      { wants: isComparedScript, read: readScript },
    );
  }
  return readers;
}

/** Size up to which a file is searched for secrets at once; a larger one is searched in pieces. */
const maxBytesAtOnce = 4 * 1024 * 1024;
/** The parts of a database, and of the map of a large application, are searched one by one. */
const mostAtOnce = (path: string, head: Uint8Array): number =>
  hasSearchedParts(path, head) ? maxTextBytes : maxBytesAtOnce;

function isSearchedWhole(path: string, head: Uint8Array, sizeBytes: number): boolean {
  return sizeBytes <= mostAtOnce(path, head) && kindOf(path, head) !== undefined;
}

/** Kind as which a file is searched itself; a binary archive is read file by file instead. */
function kindOf(path: string, head: Uint8Array): SearchedKind | undefined {
  const kind = searchedKind(path, head);
  return kind === 'program' && isStreamedArchive(path, head) ? undefined : kind;
}

/** Search of large files: they need as little memory as small ones. */
function secretStreams(key: Uint8Array): StreamReader {
  return {
    open: (path, head, sizeBytes) => {
      const kind = sizeBytes > mostAtOnce(path, head) ? kindOf(path, head) : undefined;
      if (kind === undefined) return undefined;
      const search = new SecretSearch(path, key, kind);
      return { write: (piece) => search.write(piece), end: () => readingOf(path, search.end()) };
    },
  };
}

function partition<Each>(all: readonly Each[], holds: (each: Each) => boolean): [Each[], Each[]] {
  return [all.filter(holds), all.filter((each) => !holds(each))];
}

/** Secret of a file that has another name left. */
function movedTo(heir: string, path: string, secret: LayerSecret): LayerSecret {
  const moved = `${heir}${secret.path.slice(path.length)}`;
  return { ...secret, path: moved, ...(secret.archive !== undefined && { archive: heir }) };
}

/**
 * Replaced secrets that the file does not have any more, each once, in the order of their paths.
 */
function withoutKnown(replaced: readonly LayerSecret[], present: readonly LayerSecret[]): LayerSecret[] {
  const keyOf = ({ rule, path, fingerprint }: LayerSecret) => [rule, path, fingerprint].join('\n');
  const known = new Set(present.map(keyOf));
  const unique = new Map(replaced.map((secret) => [keyOf(secret), secret]));
  return [...unique]
    .filter(([key]) => !known.has(key))
    .map(([, secret]) => secret)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether a reading has any facts: most files have none, and there may be a million of them. */
function hasResult({
  record,
  secrets = [],
  signs = [],
  hosts = [],
  publicKeys = [],
  script,
  warning,
}: Reading): boolean {
  if (record !== undefined || warning !== undefined || script !== undefined) return true;
  return secrets.length + signs.length + hosts.length + publicKeys.length > 0;
}

/** Limits the stored script texts of one layer. */
class ScriptBudget {
  #scripts = 0;
  #bytes = 0;

  /** Removes the text from a reading if the budget of the layer is used up. */
  limited({ script, ...reading }: Reading): Reading {
    if (script === undefined || this.#scripts >= maxScripts || this.#bytes + script.length > maxScriptsBytes)
      return reading;
    this.#scripts += 1;
    this.#bytes += script.length;
    return { ...reading, script };
  }

  release(script: string | undefined): void {
    if (script === undefined) return;
    this.#scripts -= 1;
    this.#bytes -= script.length;
  }
}

/** Hosts of a layer by file, with at most {@link maxFilesOfHost} files for each host. */
class HostList {
  readonly named: NamedHosts[] = [];
  readonly #files = new Map<string, number>();

  add(path: string, hosts: readonly string[]): void {
    const rare = hosts.filter((host) => (this.#files.get(host) ?? 0) < maxFilesOfHost);
    for (const host of rare) this.#files.set(host, (this.#files.get(host) ?? 0) + 1);
    if (rare.length > 0) this.named.push({ path, hosts: rare });
  }
}

/** Reads the text of a script and masks secrets before it is stored. */
function readScript({ content }: TakenFile): Reading {
  if (content.length > maxScriptBytes || content.includes(0)) return {};
  const text = content.toString('utf8');
  const { secrets, isComplete } = secretsInText(text);
  return isComplete ? { script: withMasks(text, secrets) } : {};
}

function readPublicKeys({ content }: TakenFile): Reading {
  const publicKeys = publicKeysIn(content);
  return publicKeys.length > 0 ? { publicKeys } : {};
}

function searchSecrets({ path, content }: TakenFile, key: Uint8Array): Reading {
  const kind = searchedKind(path, content.subarray(0, headBytes));
  const { sightings, damage } = findSecrets({ path, content }, key, kind);
  // A source in its map, as a file in its archive.
  const secrets = sightings.map((each): LayerSecret => (each.path === path ? each : { ...each, archive: path }));
  return readingOf(path, { sightings: secrets, damage });
}

function readingOf(
  path: string,
  { sightings, damage }: { sightings: SecretSighting[]; damage?: string | undefined },
): Reading {
  const reading = sightings.length > 0 ? { secrets: sightings } : {};
  return damage === undefined ? reading : { ...reading, warning: { code: 'SECRET_SEARCH_CUT', path, message: damage } };
}

function readFile(analyzer: Analyzer, { path, content }: TakenFile): Reading {
  try {
    const { damage, unread, ...found }: FileFacts = analyzer.analyze({ path, content });
    // Most programs and scripts have nothing that an analyzer looks for.
    const warning = warningOf(path, { damage, unread });
    if (warning === undefined && Object.keys(found).length === 0) return {};
    const { packages, os } = found;
    const record = {
      ...{ path, analyzer: analyzer.name, ...found },
      ...(os && { os: { ...os, name: redactSecrets(os.name) } }),
      ...(packages && { packages: redactPackages(packages) }),
    };
    return { record, ...(warning && { warning }) };
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    // Messages of parsers quote invalid input, which may be a secret.
    return { warning: { code: error.code, path, message: redactedReason(error) } };
  }
}

function warningOf(path: string, { damage, unread }: Pick<FileFacts, 'damage' | 'unread'>): Warning | undefined {
  const code = damage === undefined ? 'PACKAGES_UNKNOWN' : 'MALFORMED_FILE';
  const message = damage ?? unread;
  return message === undefined ? undefined : { code, path, message: redactSecrets(message) };
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
