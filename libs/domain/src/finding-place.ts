import type { Finding } from './finding.js';

/** Location of a finding: `app/.env:3`, or a substitute for a path. */
export function placeOf({ path, evidence }: Pick<Finding, 'path' | 'evidence'>): string | null {
  const { line, origin } = evidence;
  if (path === null) return typeof origin === 'string' ? origin : null;
  return typeof line === 'number' ? `${path}:${line}` : path;
}

/** Text about the layer of a finding, and the layer that hides it. */
export function layerText({ layer, state, evidence }: Pick<Finding, 'layer' | 'state' | 'evidence'>): string | null {
  if (layer === null) return null;
  if (state === 'present') return `layer ${layer}`;
  const { removedInLayer } = evidence;
  const hidden = typeof removedInLayer === 'number' ? `deleted in layer ${removedInLayer}` : 'removed in a later layer';
  return `layer ${layer}, ${hidden}`;
}
