import { countBySeverity, type Finding, type SeverityCounts } from './finding.js';
import { compareSeverity } from './severity.js';

/** Fields that distinguish one finding of an image from another. */
type Countable = Pick<Finding, 'kind' | 'severity' | 'fingerprint' | 'installedVersion' | 'path' | 'state'>;

/**
 * Whether a finding counts. A package or program that a later layer hides does not run, so it does
 * not count; a secret that a later layer deletes can still be read from its layer, so it does.
 */
export function isCounted({ state, kind }: Pick<Finding, 'state' | 'kind'>): boolean {
  return state === 'present' || kind === 'secret';
}

type Rated = Pick<Finding, 'kind' | 'match' | 'confidence'>;

/**
 * Whether a vulnerability is likely or possible only, as that of a program that was matched by a
 * CPE alone. One whose version could not be compared is no such one: it never passes.
 */
export function isUncertain({ kind, match, confidence }: Rated): boolean {
  return kind === 'vulnerability' && match === 'affected' && confidence !== 'certain';
}

/** Whether a finding can fail a verdict; an uncertain one is only reported. */
export function isGating(finding: Pick<Finding, 'state'> & Rated): boolean {
  return isCounted(finding) && !isUncertain(finding);
}

/**
 * Groups the records of the same finding at the same location, in the order of their first records.
 * The platforms of an index, and several layers that hide the same file, give one group; two
 * versions of a package, two paths, and a copy in a lower layer beside a present one give two. A
 * secret has one group, wherever its value stands.
 */
export function groupByLocation<Of extends Countable>(findings: Iterable<Of>): Of[][] {
  const groups = Map.groupBy(findings, ({ kind, fingerprint, installedVersion, path, state }) =>
    JSON.stringify(kind === 'secret' ? [fingerprint] : [fingerprint, installedVersion, path, state]),
  );
  return [...groups.values()];
}

/**
 * Returns counted findings, one record for each location: the most severe if platforms rate it
 * differently.
 */
export function countedFindings<Of extends Countable>(findings: Iterable<Of>): Of[] {
  return groupByLocation(findings)
    .map((group) => group.toSorted((a, b) => compareSeverity(a.severity, b.severity))[0]!)
    .filter(isCounted);
}

/**
 * Counts findings for every place that shows numbers of an image or push: stored counts, messages,
 * console, API, reports, gates. Pass the findings that no VEX statement, ignore file or exception
 * suppresses, of one image or of all platforms of an index.
 */
export function countFindings(findings: Iterable<Countable>): SeverityCounts {
  return countBySeverity(countedFindings(findings));
}
