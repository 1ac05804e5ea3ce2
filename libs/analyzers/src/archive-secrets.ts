import { TidewaiterError } from '@tidewaiter/domain';
import { headBytes, type Warning } from '@tidewaiter/oci';
import { findSecrets, hasKnownFormat, redactedReason, searchedKind, type SecretSighting } from '@tidewaiter/secrets';

import { oneLine } from './package-database.js';
import { zipEntries, type ZipEntry } from './zip.js';

/** Secret in a file of a layer, or in a file of an archive in the layer. */
export interface LayerSecret extends SecretSighting {
  /** File of the layer if `path` continues into it: `app.jar!/application.properties`. */
  archive?: string;
  /** Whether a later entry of the same layer replaces the file. */
  isReplaced?: true;
}

/**
 * Archives that are mostly libraries, of which settings, keys and scripts are searched; also the
 * sources of a JDK and the modules of Go.
 */
const ofLibraries =
  /\.(?:jar|war|ear|par|sar|hpi|jpi|aar|whl|egg|pex|pyz)$|(?:^|\/)(?:lib\/src|@v\/[^/]{1,200})\.zip$/i;
/** Archives in which applications are deployed. */
const archive = /\.(?:jar|war|ear|par|sar|hpi|jpi|aar|zip|whl|egg|pex|pyz)$/i;
/** Configuration, keys and code that may hold settings; not compiled code and web pages. */
const configuration =
  /\.(?:properties|ya?ml|json|xml|conf|config|cfg|ini|toml|env|txt|sh|sql|py|php|rb|tf|tfvars|tfstate|pem|key|ppk|p12|pfx|jks|jceks|keystore|keytab|db|sqlite3?)$|(?:^|\/)(?:\.[\w.-]{1,60}|id_[a-z0-9]{2,10}|credentials|Dockerfile)$/i;
/** Files that build tools add to every archive: most of its files that are not code. */
const madeByBuilds =
  /(?:^|\/)META-INF\/(?:maven\/|[^/]{1,80}\.(?:txt|SF|MF|RSA|DSA)$|spring[\w.-]{1,80}\.(?:json|properties)$)|(?:licen[cs]e|notice|dependencies|readme|changes)[^/]{0,80}\.txt$/i;

/** Bundled libraries: most of an application's size, and third-party code unless they are small. */
const library = /(?:^|\/)lib\/[^/]{1,200}\.jar$/i;

/** Files of an application itself, in the layouts of Spring Boot and web archives. */
const applicationFile = /^(?:BOOT-INF|WEB-INF)\/classes\//;
/** Packages that an application has beside its own files. */
const dependency = /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|bower_components)\//;
const zipStart = Buffer.from('PK\u0003\u0004');

/** Limits for one file of the layer, including nested archives. */
const limits = { depth: 2, libraryBytes: 256 << 10, entryBytes: 8 << 20, entries: 20_000, bytes: 256 << 20 };

interface Search {
  key: Uint8Array;
  secrets: LayerSecret[];
  entriesLeft: number;
  bytesLeft: number;
  /** First part that could not be read; the search continues with the rest. */
  problem?: Pick<Warning, 'code' | 'message'>;
}

/** Whether a file is an archive that is searched: by its name, or a ZIP of no known format. */
export function mayHoldArchivedSecrets(path: string, head: Uint8Array): boolean {
  return archive.test(path) || (zipStart.equals(head.subarray(0, zipStart.length)) && !hasKnownFormat(path));
}

/**
 * Searches an archive and its nested archives for secrets: all files that may have some, but only
 * configuration where most are libraries.
 */
export function searchArchive(
  path: string,
  content: Buffer,
  key: Uint8Array,
): { secrets?: LayerSecret[]; warning?: Warning } {
  const search: Search = { key, secrets: [], entriesLeft: limits.entries, bytesLeft: limits.bytes };
  attempt(search, () => searchEntries(path, content, 0, search));
  const { secrets, problem } = search;
  return {
    ...(secrets.length > 0 && { secrets: secrets.map((secret) => ({ ...secret, archive: path })) }),
    ...(problem && isReportable(path, problem.code) && { warning: { ...problem, path } }),
  };
}

const cut = 'SECRET_SEARCH_CUT';

/** Whether to report a problem here: the Java analyzer reports unreadable Java archives. */
const isReportable = (path: string, code: string): boolean => code === cut || /\.zip$/i.test(path);

function attempt(search: Search, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    search.problem ??= { code: error.code, message: redactedReason(error) };
  }
}

function searchEntries(location: string, content: Buffer, depth: number, search: Search): void {
  for (const entry of zipEntries(content)) {
    const isArchive = depth < limits.depth && isApplication(entry);
    if (!isArchive && !isSearched(entry, location)) continue;
    if (!mayRead(entry, search)) return;
    attempt(search, () => searchEntry(`${location}!/${oneLine(entry.name)}`, entry.read(), isArchive, depth, search));
  }
}

function searchEntry(path: string, content: Buffer, isArchive: boolean, depth: number, search: Search): void {
  if (isArchive) return searchEntries(path, content, depth + 1, search);
  const kind = searchedKind(path, content.subarray(0, headBytes));
  if (kind !== undefined) search.secrets.push(...findSecrets({ path, content }, search.key, kind).sightings);
}

function mayRead({ size }: ZipEntry, search: Search): boolean {
  search.entriesLeft -= 1;
  search.bytesLeft -= size;
  if (search.entriesLeft >= 0 && search.bytesLeft >= 0) return true;
  search.problem = { code: cut, message: 'archive of too much to search all of it for secrets' };
  return false;
}

function isApplication({ name, size }: ZipEntry): boolean {
  return archive.test(name) && (size <= limits.libraryBytes || !library.test(name));
}

function isSearched({ name, size }: ZipEntry, location: string): boolean {
  if (size > limits.entryBytes) return false;
  if (applicationFile.test(name) || (configuration.test(name) && !madeByBuilds.test(name))) return true;
  return !ofLibraries.test(location) && !dependency.test(name) && !hasKnownFormat(name);
}
