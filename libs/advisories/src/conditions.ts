import type { PackageRecord } from '@tidewaiter/domain';

import type { Tristate } from './ranges.js';

/**
 * Restriction of an `affected` entry to some of the packages of its name. Each property that is
 * present must hold.
 */
export interface AffectedConditions {
  /** Repository of the distribution that the package was installed from: `extras/kernel-5.15`. */
  repository?: string;
  /** CPEs, one of them of an enabled repository: `cpe:/a:redhat:rhel_eus:8.6::appstream`. */
  cpes?: string[];
  /** Architectures in the notation of RPM, `noarch` beside any of them. */
  architectures?: string[];
  /** Build for live patching or for certified cryptography, beside the ordinary one. */
  flavor?: BuildFlavor;
  /** Line of a package with several maintained lines, by the start of its version: `6.12`. */
  line?: string;
}

/** Special builds of a package of the same name. */
export const buildFlavors = ['ksplice', 'fips'] as const;
export type BuildFlavor = (typeof buildFlavors)[number];

/** Facts about a package and its image that conditions are evaluated by. */
export interface ConditionFacts extends Pick<PackageRecord, 'version' | 'arch'> {
  /** Repository that the package was installed from; undefined if unknown. */
  repository?: string | undefined;
  /** CPEs of the enabled repositories; undefined if unknown. */
  cpes?: readonly string[] | undefined;
}

/**
 * Whether an entry with these conditions is about a package: undefined if it depends on unknown
 * facts. Where those have a usual value, that is taken.
 */
export function meetsConditions(conditions: AffectedConditions | undefined, facts: ConditionFacts): Tristate {
  if (conditions === undefined) return true;
  const { repository, cpes, architectures, flavor, line } = conditions;
  const answers: Tristate[] = [
    architectures === undefined || isOfArchitecture(architectures, facts.arch),
    flavor === undefined || isOfFlavor(flavor, facts.version),
    line === undefined || isOfLine(line, facts.version),
    cpes === undefined || cpes.some((cpe) => meetsCpe(cpe, facts.cpes)),
    repository === undefined || meetsRepository(repository, facts.repository),
  ];
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

/** Notations of 32-bit x86, of which a distribution's packages and its advisories use several. */
const x86: ReadonlySet<string> = new Set(['i386', 'i486', 'i586', 'i686', 'athlon']);

function isOfArchitecture(architectures: readonly string[], arch: string | undefined): boolean {
  // Without an architecture in the record, as in some SBOMs, the name and version decide.
  if (arch === undefined || arch === 'noarch' || arch === 'src') return true;
  const isX86 = x86.has(arch);
  return architectures.some((each) => each === arch || each === 'noarch' || (isX86 && x86.has(each)));
}

function isOfFlavor(flavor: BuildFlavor, version: string): boolean {
  const release = version.slice(version.lastIndexOf('-') + 1);
  return flavor === 'ksplice' ? /\.ksplice\d/.test(release) : /_fips(?![a-z])/.test(release);
}

function isOfLine(line: string, version: string): boolean {
  const own = version.slice(version.indexOf(':') + 1);
  return own.startsWith(`${line}.`) || own.startsWith(`${line}-`);
}

/** Repository whose packages every installation has. */
export const coreRepository = 'core';

/** A package of unknown origin is taken for one of the core repository, and may be of another. */
function meetsRepository(wanted: string, repository: string | undefined): Tristate {
  if (repository === undefined) return wanted === coreRepository ? true : undefined;
  return repository === wanted;
}

/** Vendor, product and version of a CPE, without its part (`/o`, `/a`) and what follows. */
function productOf(cpe: string): string {
  return cpe
    .replace(/^cpe:\/[aoh]:/, '')
    .split(':', 3)
    .join(':');
}

/** Edition of a CPE, `appstream`; empty if it means all of them. */
function editionOf(cpe: string): string {
  return cpe.split(':').slice(5).join(':').replaceAll(/^:+/g, '');
}

/**
 * An entry without an edition is about all repositories of the product. The old and the new feed
 * of Red Hat disagree about the part, `/a` or `/o`. An image without known repositories is taken
 * for one of the release itself, without extended support and further products.
 */
export function meetsCpe(wanted: string, cpes: readonly string[] | undefined): boolean {
  if (cpes === undefined) return /^redhat:enterprise_linux:\d+$/.test(productOf(wanted));
  const [product, edition] = [productOf(wanted), editionOf(wanted)];
  return cpes.some((cpe) => productOf(cpe) === product && (edition === '' || editionOf(cpe) === edition));
}
