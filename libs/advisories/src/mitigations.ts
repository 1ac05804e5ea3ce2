import type { PackageRecord, PackageType } from '@tidewaiter/domain';

/** Mitigation of a vulnerability without another version, which is visible in the image. */
interface Mitigation {
  type: PackageType;
  name: string;
  /** Missing part of the package, by the qualifier `without` of its purl. */
  without: string;
  vulnerabilityIds: readonly string[];
  /** Reason why that mitigates, for display. */
  reason: string;
}

const mitigations: readonly Mitigation[] = [
  {
    type: 'maven',
    name: 'org.apache.logging.log4j:log4j-core',
    without: 'JndiLookup.class',
    vulnerabilityIds: ['CVE-2021-44228', 'CVE-2021-45046'],
    // https://logging.apache.org/security.html#CVE-2021-44228
    reason: 'JndiLookup.class was removed from the jar, as its authors advise where an upgrade is not possible',
  },
];

/**
 * Reason why a package lacks the vulnerabilities of an advisory although its version has them;
 * undefined without one.
 */
export function mitigationOf(pkg: PackageRecord, vulnerabilityIds: readonly string[]): string | undefined {
  const without = pkg.qualifiers?.['without'];
  if (without === undefined) return undefined;
  return mitigations.find(
    (each) =>
      each.type === pkg.type &&
      each.name === pkg.name &&
      each.without === without &&
      vulnerabilityIds.every((id) => each.vulnerabilityIds.includes(id)),
  )?.reason;
}
