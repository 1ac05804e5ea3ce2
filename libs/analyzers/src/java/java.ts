import { createHash } from 'node:crypto';

import { LimitExceeded, MalformedFile, TidewaiterError, type PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, SourceFile } from '../analyzer.js';
import { attachedEntries, mayBeApplication } from '../attached-archive.js';
import { collectPackages, oneLine } from '../package-database.js';
import { zipEntries, zipLimits, type ZipEntry } from '../zip.js';
import { identify } from './jar-identity.js';
import { log4jIn } from './log4j.js';
import { licensesOf, readManifest, type JarManifest } from './manifest.js';
import { isMavenId, isMavenVersion, readPomProperties, readPomXml, type Coordinates } from './pom.js';

/** Archives of Java, of Jenkins plugins, of ServiceMix, of Karaf, of NiFi, of Android. */
const archive = /\.(jar|war|ear|rar|par|sar|hpi|jpi|kar|nar|aar)$/i;
/** Archives in which distributions of an application are unpacked when it starts. */
const container = /\.zip$/i;
/** Start of a zip, and the first folder of a jar behind the header of its first entry. */
const zipStart = Buffer.from('PK\u0003\u0004');
const jarFolder = Buffer.from('META-INF/');
const localHeaderBytes = 30;

/** Archives that Maven publishes beside an artifact, for readers. */
const forReaders = /-(?:sources|javadoc)\.jar$/i;
const manifestName = 'META-INF/MANIFEST.MF';
const pomName = /^(?:.{1,1024}\/)?META-INF\/maven\/[^/]{1,256}\/[^/]{1,256}\/pom\.(?:properties|xml)$/;

/** Limit on nested archives; a war inside an ear needs three levels. */
const maxDepth = 4;
const maxMetadataBytes = 1 << 20;
const maxNestedArchiveBytes = 128 << 20;
/** Limits for one file of the image, including nested archives. */
const limits = { nestedBytes: 512 << 20, nestedEntries: 1_000_000, problems: 3 };

/** Jars of Maven Central by SHA-1; names are `group:artifact`. */
export type JarIndex = ReadonlyMap<string, { name: string; version: string }>;

/** State of the search of one file of the image: results and remaining budget. */
interface Search {
  knownJars: JarIndex;
  packages: Map<string, PackageRecord>;
  problems: string[];
  bytesLeft: number;
  entriesLeft: number;
}

/**
 * Artifacts of Java archives and of nested archives: the archive itself and artifacts shaded into
 * it.
 * @see https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html
 * @see https://docs.spring.io/spring-boot/specification/executable-jar/nested-jars.html
 */
export function javaAnalyzer(knownJars: JarIndex = new Map()): Analyzer {
  return {
    name: 'java',
    maxBytes: Infinity,
    version: 8,
    wants: (path, head) =>
      isArchive(path, head) || isPom(path) || container.test(path.slice(-4)) || mayBeApplication(path, head),
    analyze: (file) => {
      if (isArchive(file.path, file.content)) return analyzeArchive(file, knownJars);
      if (isPom(file.path)) return analyzePom(file);
      const isOfJava = attachedEntries(file.content).some((entry) => isOfJavaName(entry) || mayBeArchive(entry));
      return isOfJava ? analyzeArchive(file, knownJars) : {};
    },
  };
}

/** `java -jar` takes any name, and `COPY app.jar /app` gives one without an ending. */
function isArchive(path: string, head: Uint8Array): boolean {
  if (archive.test(path.slice(-4))) return true;
  return (
    head[0] === zipStart[0] &&
    zipStart.equals(head.subarray(0, zipStart.length)) &&
    jarFolder.equals(head.subarray(localHeaderBytes, localHeaderBytes + jarFolder.length))
  );
}

function isPom(path: string): boolean {
  return path.endsWith('/pom.properties') && pomName.test(path);
}

function isOfJavaName(entry: ZipEntry): boolean {
  return isManifest(entry) || archive.test(entry.name);
}

/** Most entries are classes, which need no look. */
const mayBeArchive = (entry: ZipEntry): boolean => !entry.name.endsWith('.class') && entry.mayBeArchive();

function isManifest({ name }: ZipEntry): boolean {
  return name.toUpperCase() === manifestName;
}

/** {@link javaAnalyzer} without a table of known jars. */
export const java = javaAnalyzer();

/** Reads the `pom.properties` of an application that was unpacked into the image. */
function analyzePom({ path, content }: SourceFile): FileFacts {
  const found = readPomProperties(content.toString('utf8', 0, maxMetadataBytes));
  if (!found) throw new MalformedFile(`pom.properties without group, artifact or version`);
  return collectPackages([recordOf(found, path, [])]);
}

function analyzeArchive({ path, content }: SourceFile, knownJars: JarIndex): FileFacts {
  const { nestedBytes: bytesLeft, nestedEntries: entriesLeft } = limits;
  const search: Search = { knownJars, packages: new Map(), problems: [], bytesLeft, entriesLeft };
  searchArchive(content, path, 0, search);
  const facts = collectPackages(search.packages.values());
  if (search.problems.length === 0) return facts;
  return { ...facts, damage: search.problems.slice(0, limits.problems).join('; ') };
}

function searchArchive(content: Buffer, location: string, depth: number, search: Search): void {
  const entries = zipEntries(content, { maxEntries: Math.min(search.entriesLeft, zipLimits.maxEntries) });
  search.entriesLeft -= entries.length;
  const isRunnable = ({ name }: ZipEntry) => name.endsWith('.class') || archive.test(name);
  if (forReaders.test(location) && !entries.some(isRunnable)) return;
  const manifest = readManifestOf(entries, location, search);
  const poms = readPoms(entries, location, search);
  const evidence = { path: location, poms, manifest, entryNames: entries.map(({ name }) => name) };
  const own = knownJar(content, search.knownJars) ?? identify(evidence);
  const records = [
    ...(own ? [recordOf(own, location, licensesOf(manifest))] : []),
    ...poms.map((pom) => recordOf(pom, location, [])),
  ];
  for (const record of [...log4jIn(evidence.entryNames, records, location), ...records]) add(record, search);
  for (const entry of entries) {
    // Loaders unpack archives of any name, such as `agent.bin`.
    if (!archive.test(entry.name) && (depth === maxDepth || !mayBeArchive(entry))) continue;
    searchNested(entry, location, depth, search);
    // Report the depth limit once: sixteen archives in each of sixteen, and so on, would give a
    // million reports.
    if (depth === maxDepth) break;
  }
}

function searchNested(entry: ZipEntry, location: string, depth: number, search: Search): void {
  attempt(entry.name, search, () => {
    if (depth === maxDepth) throw new LimitExceeded('maxDepth', `archives nested more than ${maxDepth} deep`);
    const content = readWithin(entry, maxNestedArchiveBytes, search);
    if (!archive.test(entry.name) && !attachedEntries(content).some(isOfJavaName)) return;
    searchArchive(content, `${location}!/${oneLine(entry.name)}`, depth + 1, search);
  });
}

function readManifestOf(entries: readonly ZipEntry[], location: string, search: Search): JarManifest {
  const entry = entries.find(isManifest);
  const text = entry && attempt(location, search, () => readWithin(entry, maxMetadataBytes, search).toString('utf8'));
  return readManifest(text ?? '');
}

/**
 * Coordinates of each artifact from its `pom.properties`, or from its `pom.xml` if there is no
 * other.
 */
function readPoms(entries: readonly ZipEntry[], location: string, search: Search): Coordinates[] {
  const found: Coordinates[] = [];
  const isPom = ({ name }: ZipEntry) => name.includes('/pom.') && pomName.test(name);
  const byFolder = Map.groupBy(entries.filter(isPom), ({ name }) => name.slice(0, name.lastIndexOf('/')));
  for (const files of byFolder.values()) {
    let read: string | undefined;
    for (const file of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      // Readers differ in which of two files with the same name they take.
      if (read !== undefined && read !== file.name) break;
      const text = attempt(location, search, () => readWithin(file, maxMetadataBytes, search).toString('utf8'));
      const pom = text !== undefined && (file.name.endsWith('.xml') ? readPomXml(text) : readPomProperties(text));
      if (!pom) continue;
      found.push(pom);
      read = file.name;
    }
  }
  return found;
}

/** @throws LimitExceeded `maxEntryBytes` or `nestedBytes` */
function readWithin(entry: ZipEntry, maxBytes: number, search: Search): Buffer {
  if (entry.size > maxBytes) throw new LimitExceeded('maxEntryBytes', `${oneLine(entry.name)} is too large`);
  search.bytesLeft -= entry.size;
  if (search.bytesLeft < 0) throw new LimitExceeded('nestedBytes', 'too much in nested archives');
  return entry.read();
}

/**
 * Runs `work` and records its failure: an unreadable part of an archive does not affect the others.
 */
function attempt<Result>(name: string, { problems }: Search, work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    if (problems.length < limits.problems) problems.push(`${oneLine(name).slice(-200)}: ${error.message}`);
    return undefined;
  }
}

function knownJar(content: Buffer, knownJars: JarIndex): Coordinates | undefined {
  if (knownJars.size === 0) return undefined;
  const known = knownJars.get(createHash('sha1').update(content).digest('hex'));
  const [group, artifact] = known?.name.split(':') ?? [];
  if (!isMavenId(group) || !isMavenId(artifact) || !isMavenVersion(known?.version)) return undefined;
  return { group, artifact, version: known.version };
}

function recordOf({ group, artifact, version }: Coordinates, foundIn: string, licenses: string[]): PackageRecord {
  const name = `${group}:${artifact}`;
  return { type: 'maven', name, version, source: { name, version }, licenses, foundIn };
}

/**
 * Keeps the first record of an artifact in a place: it is the archive's own, which has the
 * licenses.
 */
function add(record: PackageRecord, { packages }: Search): void {
  const key = `${record.name}@${record.version} ${record.foundIn}`;
  if (!packages.has(key)) packages.set(key, record);
}
