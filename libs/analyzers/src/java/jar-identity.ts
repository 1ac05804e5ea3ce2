import { readJarName } from './jar-name.js';
import type { JarManifest } from './manifest.js';
import { knownGroup } from './maven-groups.js';
import { isMavenId, isMavenVersion, type Coordinates } from './pom.js';

/** Data of an archive that identifies it. */
export interface JarEvidence {
  /** Its path or name. */
  path: string;
  /** Coordinates of every pom in it: its own and those of shaded artifacts. */
  poms: readonly Coordinates[];
  /** Empty without a manifest. */
  manifest: JarManifest;
  /** Names of its entries. */
  entryNames: readonly string[];
}

/** Artifact with an unknown group. */
interface GrouplessArtifact {
  artifact: string;
  version: string;
}

/**
 * Coordinates of the archive itself, not of its content; undefined if no evidence has a version.
 */
export function identify(evidence: JarEvidence): Coordinates | undefined {
  return ownPom(evidence) ?? withGroup(nameOf(evidence), evidence);
}

/** Pom that fits the name of the archive or its manifest; the others belong to shaded artifacts. */
function ownPom({ path, poms, manifest }: JarEvidence): Coordinates | undefined {
  const { base, artifact, version } = readJarName(path);
  const title = manifest.get('implementation-title');
  const byLength = poms.toSorted((a, b) => b.artifact.length - a.artifact.length);
  const fitting =
    byLength.find((pom) => base === `${pom.artifact}-${pom.version}` || artifact === pom.artifact) ??
    byLength.find((pom) => base === pom.artifact || base.startsWith(`${pom.artifact}-${pom.version}-`)) ??
    byLength.find((pom) => title === pom.artifact || bundleNames(pom).includes(symbolicName(manifest) ?? ''));
  if (fitting) return fitting;
  const sameVersion = poms.filter((pom) => pom.version === (version ?? manifestVersion(manifest)));
  if (sameVersion.length === 1) return sameVersion[0];
  return version === undefined && poms.length === 1 ? poms[0] : undefined;
}

/**
 * @see https://felix.apache.org/documentation/subprojects/apache-felix-maven-bundle-plugin-bnd.html
 * "Default Behavior"
 */
function bundleNames({ group, artifact }: Coordinates): string[] {
  const parent = group.slice(0, group.lastIndexOf('.') + 1);
  return [`${group}.${artifact}`, `${parent}${artifact}`, artifact];
}

function nameOf({ path, manifest, entryNames }: JarEvidence): GrouplessArtifact | Coordinates | undefined {
  const { base, artifact, version } = readJarName(path);
  const isArchiveOfJava = manifest.size > 0 || entryNames.some((entry) => entry.endsWith('.class'));
  if (artifact !== undefined && version !== undefined) return isArchiveOfJava ? { artifact, version } : undefined;
  const stated = nebulaTitle(manifest);
  if (stated) return stated;
  const inManifest = manifestVersion(manifest);
  if (inManifest === undefined) return undefined;
  const name = statedArtifact(base, manifest, inManifest);
  return name === undefined ? undefined : { artifact: name, version: inManifest };
}

/** Parses `io.micrometer#micrometer-core;1.9.0`, which Netflix's plugin for Gradle writes. */
function nebulaTitle(manifest: JarManifest): Coordinates | undefined {
  const [, group, artifact, version] =
    /^([\w.-]{1,256})#([\w.-]{1,256});([\w.+~-]{1,128})$/.exec(manifest.get('implementation-title') ?? '') ?? [];
  if (!isMavenId(group) || !isMavenId(artifact) || !isMavenVersion(version)) return undefined;
  return { group, artifact, version };
}

/**
 * Artifact name of an archive whose file name has no version. Prose (`Apache Tomcat`) is no name.
 */
function statedArtifact(base: string, manifest: JarManifest, version: string): string | undefined {
  if (knownGroup(base, version)) return base;
  const bundle = symbolicName(manifest);
  // The last part of `org.eclipse.jetty.util` is the end of `jetty-util`; of
  // `org.apache.tomcat-api` it is the whole name.
  const last = bundle?.slice(bundle.lastIndexOf('.') + 1);
  if (base === bundle || base === last || (last !== undefined && base.endsWith(`-${last}`))) return base;
  if (last?.endsWith(`-${base}`) === true) return last;
  const title = manifest.get('short-name') ?? manifest.get('implementation-title');
  return isMavenId(title) && !title.includes('.') ? title : undefined;
}

function symbolicName(manifest: JarManifest): string | undefined {
  return manifest.get('bundle-symbolicname')?.split(';', 1)[0]?.trim();
}

function manifestVersion(manifest: JarManifest): string | undefined {
  const stated = versionIn(manifest, 'plugin-version') ?? versionIn(manifest, 'implementation-version');
  // OSGi versions have dots where Maven versions have hyphens.
  return stated ?? versionIn(manifest, 'bundle-version')?.replace(/\.(?=(jre|android|SNAPSHOT)$)/, '-');
}

/** Placeholders that builds write if they know no version. */
const noVersion = /^[0.]+$|unspecified|qualifier|unknown/;

/**
 * Reads a version; builds append other text after a space: `8.11.1
 * 0b002b11819df70783e83ef36b42ed1223c14b50 - 2021`.
 */
function versionIn(manifest: JarManifest, attribute: string): string | undefined {
  const [version] = manifest.get(attribute)?.split(' ', 1) ?? [];
  return isMavenVersion(version) && /^v?\d/.test(version) && !noVersion.test(version) ? version : undefined;
}

function withGroup(name: GrouplessArtifact | Coordinates | undefined, evidence: JarEvidence): Coordinates | undefined {
  if (name === undefined || 'group' in name) return name;
  if (!isMavenId(name.artifact) || !isMavenVersion(name.version)) return undefined;
  return { group: groupOf(name, evidence), ...name };
}

/**
 * Best guess at a group. Artifacts that early projects published alone have their own name as the
 * group.
 */
function groupOf({ artifact, version }: GrouplessArtifact, { manifest, entryNames }: JarEvidence): string {
  const classes = groupsOfClasses(entryNames);
  const known = knownGroup(artifact, version);
  if (known && !(known.isFamily && isForeign(classes, known.group))) return known.group;
  return (
    nebulaTitle(manifest)?.group ??
    groupOfManifest(manifest, artifact) ??
    classes[0] ??
    groupOfModule(manifest.get('automatic-module-name')) ??
    artifact
  );
}

/** Vendor ids that are too broad to be a group. */
const broadVendors = new Set(['org.apache', 'com.sun', 'org.eclipse', 'com.google', 'com.oracle']);

function groupOfManifest(manifest: JarManifest, artifact: string): string | undefined {
  const vendors = [manifest.get('group-id'), manifest.get('implementation-vendor-id')];
  const vendor = vendors.find((id) => isMavenId(id) && id.includes('.') && !broadVendors.has(id));
  return vendor ?? groupOfBundle(symbolicName(manifest), artifact);
}

/**
 * Derives the group from a bundle name, which Maven builds from group and artifact without repeated
 * parts.
 */
function groupOfBundle(bundle: string | undefined, artifact: string): string | undefined {
  if (!isMavenId(bundle) || !bundle.includes('.')) return undefined;
  if (bundle === artifact) return groupOfPackage(bundle.split('.'));
  const parent = bundle.slice(0, bundle.lastIndexOf('.'));
  const last = bundle.slice(parent.length + 1);
  if (artifact.endsWith(`-${last}`)) return parent;
  if (last !== artifact) return undefined;
  return parent.split('.').length > 2 || !artifact.includes('-') ? parent : `${parent}.${artifact.split('-', 1)[0]}`;
}

function groupOfModule(moduleName: string | undefined): string | undefined {
  return isMavenId(moduleName) && moduleName.includes('.') ? groupOfPackage(moduleName.split('.')) : undefined;
}

const applicationClasses = /^(BOOT-INF|WEB-INF)\/classes\//;
const notPackages = /^(META-INF|BOOT-INF|WEB-INF|OSGI-INF|APP-INF)\//;

/**
 * Groups derived from its classes, the most frequent first; from all files if it has no classes.
 */
function groupsOfClasses(entryNames: readonly string[]): string[] {
  const classes = entryNames.filter((name) => name.endsWith('.class'));
  const counts = new Map<string, number>();
  for (const entry of classes.length > 0 ? classes : entryNames) {
    const name = entry.replace(applicationClasses, '');
    if (notPackages.test(name)) continue;
    const group = groupOfPackage(name.split('/', 6).slice(0, -1));
    if (group !== undefined) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([group]) => group);
}

/** Packages to which classes of any project may belong. */
const standardRoots = new Set(['java', 'javax', 'jakarta', 'sun']);
const topLevelDomain = /^([a-z]{2}|com|org|net|edu|gov|info|biz|dev|app|cloud|software|tools|tech|systems)$/;
/** Domains shared by many projects; in others the first two parts are the owner. */
const sharedDomains = new Set([
  ...['org.apache', 'org.eclipse', 'org.codehaus', 'org.glassfish', 'org.jboss', 'org.ow2', 'org.sonatype'],
  ...['com.google', 'com.github', 'com.sun', 'com.oracle', 'com.ibm', 'com.googlecode', 'com.typesafe'],
  ...['io.github', 'io.gitlab', 'net.sf', 'net.sourceforge', 'net.java', 'software.amazon'],
]);

/**
 * Owner of a package: `org.apache.kafka` at Apache, `com.zaxxer` in most cases, `freemarker`
 * without a domain.
 */
function groupOfPackage(parts: readonly string[]): string | undefined {
  const [domain = '', owner] = parts;
  if (standardRoots.has(domain)) return undefined;
  const isDomain = topLevelDomain.test(domain);
  if (isDomain && owner === undefined) return undefined;
  const length = !isDomain ? 1 : sharedDomains.has(`${domain}.${owner}`) ? 3 : 2;
  const group = parts.slice(0, length).join('.');
  return isMavenId(group) ? group : undefined;
}

/** Whether no class belongs to a group, by the owners of the domains. */
function isForeign(classes: readonly string[], group: string): boolean {
  const owners = classes.filter((name) => name.includes('.')).map((name) => name.split('.')[1]!);
  return owners.length > 0 && !owners.some((owner) => group.split('.').includes(owner));
}
