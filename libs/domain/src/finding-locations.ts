import type { Confidence, Finding, FindingLocation } from './finding.js';
import type { Presence } from './image.js';
import { compareSeverity } from './severity.js';

/** Limit on the places that a finding lists; the rest is counted. SARIF viewers take as many. */
export const maxFindingLocations = 1000;

/** Places of a finding, the primary one first; a finding without a list has one. */
export function locationsOf(finding: Finding): readonly FindingLocation[] {
  return finding.locations ?? [ownLocation(finding)];
}

/** Number of places of a finding, with those that it does not list. */
export function locationCount({ locations, moreLocations = 0 }: Finding): number {
  return (locations?.length ?? 1) + moreLocations;
}

/**
 * The same finding with these places. It is as severe and as certain as the worst of them, present
 * if one is, and describes the primary one. The order of `locations` has no effect.
 * @param locations at least one
 * @param more places that are not listed
 */
export function withLocations<Of extends Finding>(finding: Of, locations: readonly FindingLocation[], more = 0): Of {
  const sorted = locations.toSorted(compareLocations);
  const [primary] = sorted as [FindingLocation, ...FindingLocation[]];
  const listed = sorted.slice(0, maxFindingLocations);
  const left = more + sorted.length - listed.length;
  const state = sorted.some((each) => each.state === 'present') ? 'present' : 'shadowed';
  const { moreLocations: _, ...rest } = finding;
  return {
    ...(rest as Of),
    id: primary.rule,
    title: primary.title,
    severity: primary.severity,
    confidence: mostCertain(sorted),
    path: primary.path,
    layer: primary.layer,
    state,
    evidence: { ...withoutPlace(finding.evidence), ...placeEvidence(primary, state) },
    locations: listed,
    ...(left > 0 && { moreLocations: left }),
  };
}

/** Place that a finding without a list describes. */
function ownLocation({ id, title, severity, confidence, path, layer, state, evidence }: Finding): FindingLocation {
  const { line, removedInLayer, origin, name, masked, package: owner, fileOrigin, isPublic } = evidence;
  return {
    path,
    ...(typeof line === 'number' && { line }),
    layer,
    state,
    ...(typeof removedInLayer === 'number' && { removedInLayer }),
    origin: typeof origin === 'string' ? origin : 'file',
    ...(typeof name === 'string' && { name }),
    rule: id,
    title,
    severity,
    confidence,
    ...(typeof masked === 'string' && { masked }),
    ...(typeof owner === 'string' && { package: owner }),
    ...(typeof fileOrigin === 'string' && { fileOrigin }),
    ...(typeof isPublic === 'boolean' && { isPublic }),
  };
}

/** Fields of a place that stand in the evidence of its finding. */
const evidenceFields = [
  'masked',
  'line',
  'origin',
  'name',
  'removedInLayer',
  'package',
  'fileOrigin',
  'isPublic',
] as const satisfies (keyof FindingLocation)[];

function withoutPlace(evidence: Finding['evidence']): Finding['evidence'] {
  const names: ReadonlySet<string> = new Set(evidenceFields);
  return Object.fromEntries(Object.entries(evidence).filter(([name]) => !names.has(name)));
}

function placeEvidence(location: FindingLocation, state: Presence): Finding['evidence'] {
  // A finding that is present elsewhere is not removed.
  const shown = state === 'present' ? { ...location, removedInLayer: undefined } : location;
  return Object.fromEntries(evidenceFields.flatMap((name) => (shown[name] === undefined ? [] : [[name, shown[name]]])));
}

const certainties: readonly Confidence[] = ['certain', 'likely', 'possible'];

function mostCertain(locations: readonly FindingLocation[]): Confidence {
  return certainties.find((each) => locations.some(({ confidence }) => confidence === each)) ?? 'possible';
}

/** Sorts after every layer. */
const outsideLayers = Number.MAX_SAFE_INTEGER;

/** Sorts the primary place first: worst, most certain, present, lowest layer; then by path. */
export function compareLocations(a: FindingLocation, b: FindingLocation): number {
  return (
    compareSeverity(a.severity, b.severity) ||
    certainties.indexOf(a.confidence) - certainties.indexOf(b.confidence) ||
    Number(b.state === 'present') - Number(a.state === 'present') ||
    (a.layer ?? outsideLayers) - (b.layer ?? outsideLayers) ||
    compareText(a.path ?? '', b.path ?? '') ||
    (a.line ?? 0) - (b.line ?? 0) ||
    compareText(restOf(a), restOf(b))
  );
}

function restOf({ origin, name, rule, removedInLayer, valueFingerprint, masked }: FindingLocation): string {
  return [origin, name, rule, removedInLayer, valueFingerprint, masked].join('\n');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
