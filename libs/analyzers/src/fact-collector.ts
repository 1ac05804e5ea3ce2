import { LimitExceeded } from '@tidewaiter/domain';
import type { FileSign, NamedHosts, ScriptText } from '@tidewaiter/integrity';
import { type FileStream, headBytes, type LayerContent, type TakenFile, WarningList } from '@tidewaiter/oci';

import type { Analyzer } from './analyzer.js';
import type { LayerSecret } from './archive-secrets.js';
import { FactBudget, factLimits } from './fact-limits.js';
import {
  type AnalysisOptions,
  type FileReader,
  type FileReading,
  readersOf,
  readingOf,
  secretStreams,
  type StreamReader,
  warningOf,
} from './file-readers.js';
import type { FileRecord, LayerFacts, PublicKeys } from './layer-facts.js';
import { redactPackages } from './redact-packages.js';
import { ArchiveBudget, isStreamedArchive, StreamedArchive } from './streamed-archive.js';

/** Reader of the names of folders. */
interface FolderReader {
  name: string;
  packageAt: NonNullable<Analyzer['packageAt']>;
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
  readonly #readers: readonly FileReader[];
  readonly #folderReaders: readonly FolderReader[];
  /** Folders with a package whose record is known. */
  readonly #folders = new Set<string>();
  readonly #streamReaders: readonly StreamReader[];
  readonly #archiveBudget = new ArchiveBudget();
  readonly #listsPackages: (path: string) => boolean;
  #archives: OpenArchive[] = [];
  /** Secrets of files that a later entry of the layer replaces: their bytes are in the blob. */
  readonly #replaced: LayerSecret[] = [];
  readonly #readings = new Map<string, FileReading[]>();
  /** Readers of the file of the last `wants` call, which the next `take` passes. */
  #asked: { path: string; readers: readonly FileReader[] } | undefined;
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

  #readersFor(path: string, head: Uint8Array, sizeBytes: number): FileReader[] {
    const readers = this.#readers.filter((reader) => reader.wants(path, head, sizeBytes));
    return readers.filter(({ maxBytes = Infinity }) => {
      if (sizeBytes <= maxBytes) return true;
      const message = `file of more than ${maxBytes} bytes`;
      this.#add(path, { warning: { code: 'LIMIT_EXCEEDED', path, message } });
      return false;
    });
  }

  #add(path: string, found: FileReading): void {
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

  #count({ record, signs = [], hosts = [], publicKeys = [] }: FileReading): void {
    this.#facts += signs.length + hosts.length + publicKeys.length + (record?.unpinned?.names.length ?? 0);
    if (this.#facts > maxFacts)
      throw new LimitExceeded('maxFacts', `layer whose files say more than ${maxFacts} things`);
  }
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
}: FileReading): boolean {
  if (record !== undefined || warning !== undefined || script !== undefined) return true;
  return secrets.length + signs.length + hosts.length + publicKeys.length > 0;
}

/** Limits the stored script texts of one layer. */
class ScriptBudget {
  #scripts = 0;
  #bytes = 0;

  /** Removes the text from a reading if the budget of the layer is used up. */
  limited({ script, ...reading }: FileReading): FileReading {
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
