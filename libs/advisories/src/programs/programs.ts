import type { PackageRecord } from '@tidewaiter/domain';

import { hardenedEcosystems, hardenedSource } from '../hardened-images.js';
import { type ProgramIdentity, programIdentities } from './program-identities.js';

/**
 * Name of our own ecosystem for programs that no package manager installed. The release of an entry
 * is the program, so that data about one program does not make another look evaluated.
 */
export const programEcosystem = 'Program';

/** Further ecosystems about which the records of an archive have entries. */
export const derivedEcosystems: ReadonlyMap<string, readonly string[]> = new Map([
  ['Bitnami', [programEcosystem]],
  [hardenedSource, hardenedEcosystems],
]);

/** Stream of entries that correct those of NVD's records, and precede them. */
export const overrideStream = 'override';

const byName: ReadonlyMap<string, ProgramIdentity> = new Map(
  programIdentities.flatMap((identity) => [identity.name, ...identity.aliases].map((name) => [name, identity])),
);
const byCpe: ReadonlyMap<string, ProgramIdentity> = new Map(
  programIdentities.flatMap((identity) => identity.cpes.map((cpe) => [cpe, identity])),
);
const byBitnami: ReadonlyMap<string, ProgramIdentity> = new Map(
  programIdentities.flatMap((identity) => (identity.bitnami === undefined ? [] : [[identity.bitnami, identity]])),
);
const packaged = programIdentities.filter(({ packages }) => packages !== undefined);

const byReport: ReadonlyMap<string, ProgramIdentity> = new Map(
  programIdentities.flatMap((identity) => (identity.reportedAs ?? []).map((name) => [name, identity])),
);

/** Program of a `vendor:product` in a CVE record. */
export function programReportedAs(name: string): ProgramIdentity | undefined {
  return byReport.get(name) ?? byCpe.get(name);
}

/** Program of a `vendor:product`. */
export function programOfCpe(product: string): ProgramIdentity | undefined {
  return byCpe.get(product);
}

export function programOfBitnami(name: string): ProgramIdentity | undefined {
  return byBitnami.get(name);
}

/** Program by its name, or another name in SBOMs. */
export function programNamed(name: string): ProgramIdentity | undefined {
  return byName.get(name.toLowerCase());
}

/**
 * Program that a package is: one found in its bytes, or a package that the program's own project
 * built for a distribution. A package of a language is never the program, whatever its name.
 */
export function programOf({ type, name, isThirdParty }: PackageRecord): ProgramIdentity | undefined {
  if (type === 'generic') return programNamed(name);
  if (!isThirdParty || (type !== 'deb' && type !== 'rpm')) return undefined;
  return packaged.find(({ packages }) => packages!.test(name));
}

/** Version in the spelling that is compared; of a package without epoch and revision. */
export function programVersion({ type, version }: PackageRecord, { spelling }: ProgramIdentity): string {
  const own = type === 'generic' ? version : upstreamVersion(version);
  return spelling?.(own) ?? own;
}

/** `1.25.3` of `1:1.25.3-1~bookworm`. */
function upstreamVersion(version: string): string {
  const withoutEpoch = version.replace(/^\d+:/, '');
  const revision = withoutEpoch.lastIndexOf('-');
  const upstream = revision === -1 ? withoutEpoch : withoutEpoch.slice(0, revision);
  const rebuilt = upstream.search(/[+]|~(?!alpha|beta|rc|pre|dev)/);
  return rebuilt === -1 ? upstream : upstream.slice(0, rebuilt);
}
