import { TidewaiterError } from '@tidewaiter/domain';
import {
  type FileSign,
  hostsInFile,
  inspectFile,
  isComparedScript,
  maxScriptBytes,
  mayNameHosts,
  wantsInspection,
} from '@tidewaiter/integrity';
import { headBytes, type TakenFile, type Warning } from '@tidewaiter/oci';
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

import { type Analyzer, type FileFacts, maxTextBytes } from './analyzer.js';
import { type LayerSecret, mayHoldArchivedSecrets, searchArchive } from './archive-secrets.js';
import type { FactLimits } from './fact-limits.js';
import { isGitObject, searchGitObjects } from './git-secrets.js';
import type { FileRecord } from './layer-facts.js';
import { redactPackages } from './redact-packages.js';
import { isStreamedArchive } from './streamed-archive.js';

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
export interface FileReading {
  record?: FileRecord;
  secrets?: LayerSecret[];
  signs?: FileSign[];
  hosts?: string[];
  publicKeys?: string[];
  script?: string;
  warning?: Warning;
}

/** Reader of files for one kind of facts. */
export interface FileReader {
  wants: (path: string, head: Uint8Array, sizeBytes: number) => boolean;
  /** Unlimited unless given. */
  maxBytes?: number;
  read: (file: TakenFile) => FileReading;
}

/** Reader of files in pieces, whatever their size. */
export interface StreamReader {
  open: (path: string, head: Uint8Array, sizeBytes: number) => ReadingStream | undefined;
}

interface ReadingStream {
  write: (piece: Buffer) => void;
  end: () => FileReading;
}

/** Readers of the files of a layer for packages and the requested analyses. */
export function readersOf(analyzers: readonly Analyzer[], { secretKey, isInspected }: AnalysisOptions): FileReader[] {
  const readers = analyzers.map((analyzer): FileReader => {
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
export function secretStreams(key: Uint8Array): StreamReader {
  return {
    open: (path, head, sizeBytes) => {
      const kind = sizeBytes > mostAtOnce(path, head) ? kindOf(path, head) : undefined;
      if (kind === undefined) return undefined;
      const search = new SecretSearch(path, key, kind);
      return { write: (piece) => search.write(piece), end: () => readingOf(path, search.end()) };
    },
  };
}

/** Reads the text of a script and masks secrets before it is stored. */
function readScript({ content }: TakenFile): FileReading {
  if (content.length > maxScriptBytes || content.includes(0)) return {};
  const text = content.toString('utf8');
  const { secrets, isComplete } = secretsInText(text);
  return isComplete ? { script: withMasks(text, secrets) } : {};
}

function readPublicKeys({ content }: TakenFile): FileReading {
  const publicKeys = publicKeysIn(content);
  return publicKeys.length > 0 ? { publicKeys } : {};
}

function searchSecrets({ path, content }: TakenFile, key: Uint8Array): FileReading {
  const kind = searchedKind(path, content.subarray(0, headBytes));
  const { sightings, damage } = findSecrets({ path, content }, key, kind);
  // A source in its map, as a file in its archive.
  const secrets = sightings.map((each): LayerSecret => (each.path === path ? each : { ...each, archive: path }));
  return readingOf(path, { sightings: secrets, damage });
}

/** Secrets that were found in a file, with a warning if the search was cut short. */
export function readingOf(
  path: string,
  { sightings, damage }: { sightings: SecretSighting[]; damage?: string | undefined },
): FileReading {
  const reading = sightings.length > 0 ? { secrets: sightings } : {};
  return damage === undefined ? reading : { ...reading, warning: { code: 'SECRET_SEARCH_CUT', path, message: damage } };
}

function readFile(analyzer: Analyzer, { path, content }: TakenFile): FileReading {
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

/** Warning about a file that was not read completely, or that holds packages that are not read. */
export function warningOf(path: string, { damage, unread }: Pick<FileFacts, 'damage' | 'unread'>): Warning | undefined {
  const code = damage === undefined ? 'PACKAGES_UNKNOWN' : 'MALFORMED_FILE';
  const message = damage ?? unread;
  return message === undefined ? undefined : { code, path, message: redactSecrets(message) };
}
