import { createHash } from 'node:crypto';

import { compareLocations, type Finding, type FindingLocation, locationsOf, withLocations } from '@tidewaiter/domain';

/** Version of {@link groupSecrets}: findings that another version grouped are evaluated again. */
export const secretPlacesVersion = 1;

/**
 * Groups findings of secrets: one finding for each value, with all of its places. Values that stand
 * only in files as a package published them are one finding for each package and rule. Other kinds
 * of findings stay as they are. The result does not depend on the order, and grouping again, also
 * with the findings of another part of the image, changes nothing.
 */
export function groupSecrets<Of extends Finding>(findings: readonly Of[]): Of[] {
  const sightings = findings.flatMap((finding) => (finding.kind === 'secret' ? sightingsOf(finding) : []));
  if (sightings.length === 0) return [...findings];
  const ownValues = new Set(sightings.flatMap(({ value, owner }) => (owner === null ? [value] : [])));
  const groups = Map.groupBy(sightings, ({ value, owner, location: { rule } }) =>
    owner === null || ownValues.has(value) ? value : [nameOf(owner), rule].join('\n'),
  );
  const grouped = [...groups.values()].map((group) => {
    const members = group.toSorted((a, b) => compareLocations(a.location, b.location));
    return ownValues.has(members[0]!.value) ? ofValue(members) : ofPackage(members);
  });
  return [...findings.filter(({ kind }) => kind !== 'secret'), ...grouped];
}

/** One place of a finding. */
interface Sighting<Of extends Finding = Finding> {
  finding: Of;
  location: FindingLocation;
  /** Places that the finding only counts; they go with its first place. */
  more: number;
  /** Fingerprint of the value. */
  value: string;
  /** Package with which the secret was published; null for one of the image's author. */
  owner: string | null;
}

function sightingsOf<Of extends Finding>(finding: Of): Sighting<Of>[] {
  return locationsOf(finding).map((location, index) => ({
    finding,
    location,
    more: index === 0 ? (finding.moreLocations ?? 0) : 0,
    value: location.valueFingerprint ?? valueOf(finding) ?? finding.fingerprint,
    owner: location.isPublic === true ? (location.package ?? null) : null,
  }));
}

function valueOf({ evidence: { valueFingerprint } }: Finding): string | undefined {
  return typeof valueFingerprint === 'string' ? valueFingerprint : undefined;
}

/** Without the version, so that an upgrade does not make another finding. */
function nameOf(owner: string): string {
  const [purl = ''] = owner.split('?', 1);
  const version = purl.lastIndexOf('@');
  return version > 0 ? purl.slice(0, version) : purl;
}

/** Finding of a value, under the rule of its worst place. */
function ofValue<Of extends Finding>(members: readonly Sighting<Of>[]): Of {
  const [{ finding, value }] = members as [Sighting<Of>, ...Sighting<Of>[]];
  const isKnown = members.some((each) => each.location.valueFingerprint !== undefined || valueOf(each.finding));
  const merged = { ...finding, evidence: { ...finding.evidence, ...(isKnown && { valueFingerprint: value }) } };
  const grouped = withPlaces(merged, members, ({ valueFingerprint: _value, ...location }) => location);
  return { ...grouped, fingerprint: isKnown ? hashOf(value) : finding.fingerprint };
}

/** Finding of a rule in the published files of a package. */
function ofPackage<Of extends Finding>(members: readonly Sighting<Of>[]): Of {
  const [{ finding, owner }] = members as [Sighting<Of>, ...Sighting<Of>[]];
  const { valueFingerprint: _, ...evidence } = finding.evidence;
  const grouped = withPlaces({ ...finding, evidence }, members, (location, valueFingerprint) => ({
    ...location,
    valueFingerprint,
  }));
  return { ...grouped, fingerprint: hashOf(grouped.id, nameOf(owner!)) };
}

function withPlaces<Of extends Finding>(
  finding: Of,
  members: readonly Sighting[],
  placeOf: (location: FindingLocation, value: string) => FindingLocation,
): Of {
  const places = new Map<string, FindingLocation>();
  let more = 0;
  for (const { location, value, more: left } of members) {
    more += left;
    const { path, line, layer, origin, name, rule } = location;
    places.set(JSON.stringify([path, line, layer, origin, name, rule, value]), placeOf(location, value));
  }
  return withLocations(finding, [...places.values()], more);
}

/** Stable across rescans and digests, and wherever the value stands. */
function hashOf(...parts: readonly string[]): string {
  return createHash('sha256')
    .update(['secret', ...parts].join('\n'))
    .digest('hex');
}
