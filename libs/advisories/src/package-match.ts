import type { AdvisoryMatch, Severity } from '@tidewaiter/domain';

import type { AffectedPackage } from './affected-package.js';
import type { AffectedConditions } from './conditions.js';
import type { VulnerableImport } from './reachability.js';

/** Match with its evidence. */
export interface PackageMatch extends AdvisoryMatch {
  /**
   * Best-known ids of the advisory's vulnerabilities: one for most, one for each CVE of an update
   * that fixes several.
   */
  vulnerabilityIds: string[];
  /** The source's rating of this package; null if only the record's counts. */
  severity: Severity | null;
  evidence: MatchEvidence;
}

/** Compared names, versions and ranges, for display. */
export interface MatchEvidence {
  /** The ecosystem with its release: `Debian:12`, `npm`. */
  source: string;
  comparedName: string;
  comparedVersion: string;
  /** Affected versions around the compared one: `>= 1.0, < 1.5`, `all versions`. */
  range: string;
  /** `vendor:product` by which a record names the program. */
  cpe?: string;
  /** Whether the record lists exactly this version. */
  isExact?: true;
  /** Platforms that are needed beside the program. */
  platforms?: string[];
  /** Reason to doubt that the record is about this version. */
  doubt?: AffectedPackage['doubt'];
  /** Vulnerable functions, if the source lists them. */
  imports?: VulnerableImport[];
  /** Reason why it is no vulnerability: `unmaintained`. */
  informational?: string;
  /** Fix in a paid stream beyond the release: `Pro 1.2-3ubuntu4+esm1`. */
  fixedBeyond?: string;
  /** Reason why the vulnerability is mitigated although the version has it. */
  mitigation?: string;
  /** Erratum that has the fix: `RHSA-2024:5079`. */
  erratum?: string;
  /** State of the fix in the source's own words: `Out of support scope`. */
  stateNote?: string;
  /** Enabled repositories that the entry is about: `ubi-9-appstream-rpms`. */
  repositories?: string[];
  /** Restrictions of the entry that the package meets: repository, CPEs, architecture. */
  conditions?: AffectedConditions;
  /** Releases that the package may be of, if the image leaves several. */
  possibleReleases?: string[];
  /** Possible releases that include its version. */
  affectedReleases?: string[];
  /** Advisories about the same vulnerability that exclude this version. */
  disagreeing?: string[];
}
