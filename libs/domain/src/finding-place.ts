import { locationCount } from './finding-locations.js';
import type { Finding, FindingLocation } from './finding.js';

/** Primary place of a finding: `app/.env:3`, or `env TOKEN` outside of files. */
export function placeOf({ path, evidence }: Pick<Finding, 'path' | 'evidence'>): string | null {
  const { line, origin, name } = evidence;
  if (path !== null) return typeof line === 'number' ? `${path}:${line}` : path;
  if (typeof origin !== 'string') return null;
  return typeof name === 'string' ? `${origin} ${name}` : origin;
}

/** Text about the layer of a finding, and the layer that hides it. */
export function layerText(finding: Pick<Finding, 'layer' | 'state' | 'evidence' | 'locations'>): string | null {
  const [primary] = finding.locations ?? [];
  const { removedInLayer } = finding.evidence;
  return primary ? textOf(primary) : textOf({ ...finding, removedInLayer });
}

/** `and 23 more places`; null for a finding with one place. */
export function morePlaces(finding: Finding): string | null {
  const more = locationCount(finding) - 1;
  if (more === 0) return null;
  return `and ${more.toLocaleString('en-US')} more ${more === 1 ? 'place' : 'places'}`;
}

/** One place of a finding: `app/.env:3, layer 1, deleted in layer 2`. */
export function locationText(location: FindingLocation): string {
  const { path, line, origin, name } = location;
  const place = placeOf({ path, evidence: { line, origin, name } });
  return [place, textOf(location)].filter((part) => part !== null).join(', ');
}

function textOf({
  layer,
  state,
  removedInLayer,
}: Pick<Finding, 'layer' | 'state'> & { removedInLayer?: unknown }): string | null {
  if (layer === null) return null;
  if (state === 'present') return `layer ${layer}`;
  const hidden = typeof removedInLayer === 'number' ? `deleted in layer ${removedInLayer}` : 'removed in a later layer';
  return `layer ${layer}, ${hidden}`;
}
