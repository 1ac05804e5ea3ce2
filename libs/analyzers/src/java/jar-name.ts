import { knownGroup } from './maven-groups.js';

/** Parts of the file name of an archive. */
export interface JarName {
  /** The name without its extension. */
  base: string;
  artifact?: string;
  version?: string;
}

/** Part between hyphens that starts a version: `1.2`, and `r09` in old Google projects. */
const number = /^(\d[\w.+]*|r\d{2,5})$/;
const plainNumber = /^\d+(\.\d+)*$/;
/**
 * Short numbers are often no version (`foo-2.jar`) unless foo is known; `json-20231013.jar` has
 * one.
 */
const counter = /^\d{1,3}$/;
/** Three numbers are a version regardless of the rest. */
const complete = /^\d+\.\d+\.\d/;
/** Words after which a number still belongs to the version: `1.0-beta-2`. */
const qualifier = /^(alpha|beta|rc|cr|m|b|ea|pre|preview|milestone|build|sp|stable|redhat|jbossorg|atlassian)$/i;
/** Words that end a version and belong to it. */
const suffix =
  /^(alpha|beta|rc|cr|m|b|ea|pre|preview|milestone|build|sp|p|r|patch|hotfix|snapshot|ga|final|release|incubating|dev|nightly|jre|android|jdbc|redhat|ubuntu|debian)\d{0,9}$/i;
/** Words that distinguish builds of the same version. */
const classifier =
  /^(sources|javadoc|tests?|all|fat|uber|shaded|shadow|standalone|exec|executable|boot|plain|jar|with|dependencies|nodeps|bin|dist|core|runtime|bundle|classes|javax|jakarta|no_aop|jdk\d{1,2}|java\d{1,2}|hadoop\d|indy|grooid|linux|osx|macos|windows|win32|natives?|x86_64|x86_32|x86|aarch_?64|arm64|amd64|fedora)$/;
/**
 * Eclipse's form: `org.eclipse.osgi_3.18.0.v20220516-1155`. Scala's `_2.13` has two numbers and is
 * no version.
 */
const underscored = /^([A-Za-z][\w.-]{0,200})_(\d{1,9}\.\d{1,9}\.\d{1,9}(?:\.[\w-]{1,100})?)$/;
const maxNameLength = 256;

/** Reads `artifact-1.2.3-classifier.jar`; artifact and version come together or not at all. */
export function readJarName(path: string): JarName {
  const base = path.slice(path.lastIndexOf('/') + 1).replace(/\.[a-z]{3}$/i, '');
  if (base.length > maxNameLength) return { base };
  const [, bundle, bundleVersion] = underscored.exec(base) ?? [];
  if (bundle !== undefined && bundleVersion !== undefined) return { base, artifact: bundle, version: bundleVersion };
  const parts = base.split('-');
  const last = parts.findLastIndex((part) => number.test(part));
  const start = startOfVersion(parts, last);
  const artifact = parts.slice(0, Math.max(start, 0)).join('-');
  const version = start > 0 && parts[0] !== '' ? readVersion(parts.slice(start), last - start) : undefined;
  if (version === undefined || (counter.test(version) && !isKnown(artifact, version))) return { base };
  return { base, artifact, version };
}

/**
 * Goes back from the last number over parts of the same version: `9.4-1201-jdbc41`,
 * `1.0-20240131.101112-3`.
 */
function startOfVersion(parts: readonly string[], last: number): number {
  let start = last;
  while (start > 1) {
    if (plainNumber.test(parts[start - 1]!)) start -= 1;
    else if (start > 2 && qualifier.test(parts[start - 1]!) && plainNumber.test(parts[start - 2]!)) start -= 2;
    else break;
  }
  return start;
}

function readVersion(parts: readonly string[], lastNumber: number): string | undefined {
  const end = parts.findIndex((part, index) => index > lastNumber && classifier.test(part));
  const kept = end === -1 ? parts : parts.slice(0, end);
  const words = kept.slice(lastNumber + 1);
  // `log4j-1.2-api` has no version: an unknown word is one more part of the name.
  if (!complete.test(kept[0]!) && !words.every((word) => suffix.test(word))) return undefined;
  return kept.join('-');
}

/**
 * Whether the whole name is known; a family's prefix does not suffice, because its members may be
 * numbered.
 */
function isKnown(artifact: string, version: string): boolean {
  return knownGroup(artifact, version)?.isFamily === false;
}
