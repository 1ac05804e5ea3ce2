import { LimitExceeded, TidewaiterError } from '@tidewaiter/domain';
import { headBytes, type Warning } from '@tidewaiter/oci';
import { findSecrets, mayHoldSecrets, type SecretSighting } from '@tidewaiter/secrets';

import { oneLine } from './package-database.js';
import { zipEntries, type ZipEntry } from './zip.js';

/** A secret in a file of a layer, or in one of an archive that is such a file. */
export interface LayerSecret extends SecretSighting {
  /** The file of the layer, where `path` leads on into it: `app.jar!/application.properties`. */
  archive?: string;
}

/** Applications as they are deployed, and what they are deployed in. */
const archive = /\.(?:jar|war|ear|par|sar|hpi|jpi|aar|zip)$/i;
/** What an application is configured with, and keys; its code and its pages are neither. */
const configuration =
  /\.(?:properties|ya?ml|json|xml|conf|config|cfg|ini|toml|env|txt|sh|sql|tf|tfvars|tfstate|pem|key|ppk|p12|pfx|jks|jceks|keystore|keytab)$|(?:^|\/)(?:\.[\w.-]{1,60}|id_[a-z0-9]{2,10}|credentials|Dockerfile)$/i;
/** What builds leave in every archive, which is most of what is no code. */
const madeByBuilds =
  /(?:^|\/)META-INF\/(?:maven\/|[^/]{1,80}\.(?:txt|SF|MF|RSA|DSA)$|spring[\w.-]{1,80}\.(?:json|properties)$)|(?:licen[cs]e|notice|dependencies|readme|changes)[^/]{0,80}\.txt$/i;

/** Libraries that an application brings along: most of what it weighs, and other people's unless they are small. */
const library = /(?:^|\/)lib\/[^/]{1,200}\.jar$/i;

/** Of one file of the layer, with all that is nested in it. */
const limits = { depth: 2, libraryBytes: 256 << 10, entryBytes: 1 << 20, entries: 20_000, bytes: 64 << 20 };

interface Search {
  key: Uint8Array;
  secrets: LayerSecret[];
  entriesLeft: number;
  bytesLeft: number;
}

export const mayHoldArchivedSecrets = (path: string): boolean => archive.test(path);

/** The secrets in the configuration that an archive holds, and in archives in it. */
export function searchArchive(
  path: string,
  content: Buffer,
  key: Uint8Array,
): { secrets?: LayerSecret[]; warning?: Warning } {
  const search: Search = { key, secrets: [], entriesLeft: limits.entries, bytesLeft: limits.bytes };
  try {
    searchEntries(path, content, 0, search);
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    const code = error instanceof LimitExceeded ? 'SECRET_SEARCH_CUT' : error.code;
    return { ...found(path, search), warning: { code, path, message: error.message } };
  }
  return found(path, search);
}

function found(archivePath: string, { secrets }: Search) {
  return secrets.length === 0 ? {} : { secrets: secrets.map((secret) => ({ ...secret, archive: archivePath })) };
}

function searchEntries(location: string, content: Buffer, depth: number, search: Search): void {
  for (const entry of zipEntries(content)) {
    const isArchive = depth < limits.depth && isApplication(entry);
    if (!isArchive && !isConfiguration(entry)) continue;
    spend(entry, search);
    const path = `${location}!/${oneLine(entry.name)}`;
    const inner = entry.read();
    if (isArchive) searchEntries(path, inner, depth + 1, search);
    else if (mayHoldSecrets(path, inner.subarray(0, headBytes)))
      search.secrets.push(...findSecrets({ path, content: inner }, search.key).sightings);
  }
}

function isApplication({ name, size }: ZipEntry): boolean {
  return archive.test(name) && (size <= limits.libraryBytes || !library.test(name));
}

function isConfiguration({ name, size }: ZipEntry): boolean {
  return size <= limits.entryBytes && configuration.test(name) && !madeByBuilds.test(name);
}

/** @throws LimitExceeded `archivedEntries` or `archivedBytes` */
function spend({ size }: ZipEntry, search: Search): void {
  search.entriesLeft -= 1;
  search.bytesLeft -= size;
  if (search.entriesLeft < 0)
    throw new LimitExceeded('archivedEntries', 'archive of too many files to search for secrets');
  if (search.bytesLeft < 0) throw new LimitExceeded('archivedBytes', 'archive of too much to search for secrets');
}
