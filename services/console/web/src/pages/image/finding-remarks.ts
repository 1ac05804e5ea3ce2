import type { ImageFinding } from '../../api/types.js';
import { dotted } from '../../parts/words.js';

/** Facts that decide about a finding in a package, most important first. */
export function findingRemarks(finding: ImageFinding): string {
  const { running, inUse, kev, kevLists = [], epss, title, fix, match, reachability, path, layer, platform } = finding;
  return dotted(
    running && 'running',
    inUse && 'in use',
    kev && ['exploited in the wild', kevLists.length > 0 && `(${kevLists.join(', ')})`].filter(Boolean).join(' '),
    epss !== null && epss >= 0.01 && `EPSS ${(epss * 100).toFixed(0)} %`,
    title,
    fix.version !== null && `fixed in ${fix.version}`,
    match === 'unknown' && 'the version could not be compared',
    reachability === 'not-linked' && 'no program contains the vulnerable functions',
    path,
    layer !== null && `layer ${layer}`,
    platform,
    suppressionText(finding),
  );
}

/** Reason for which a finding does not count; null where it does. */
export function suppressionText({ counted, by, state }: Pick<ImageFinding, 'counted' | 'by' | 'state'>): string | null {
  if (counted) return null;
  if (by !== null)
    return dotted(
      `suppressed by ${sourceText(by)}`,
      by.reason ?? by.justification,
      by.until && `until ${by.until.slice(0, 10)}`,
    );
  return state === 'shadowed' ? 'not counted: a later layer hides it' : 'not counted: repeats another finding';
}

/** Exceptions are named as their page does; other sources are files. */
function sourceText({ kind, source }: NonNullable<ImageFinding['by']>): string {
  if (kind !== 'exception') return source;
  return source.startsWith('exceptions/') ? `exception ${source.slice(11)}` : 'an exception of tidewaiter.yaml';
}

/** Place of a finding in a file or in the configuration: `/app/.env:3`. */
export function placeOf({ path, evidence }: Pick<ImageFinding, 'path' | 'evidence'>): string {
  const { line, origin, name } = evidence as { line?: number; origin?: string; name?: string };
  if (path !== null) return line === undefined ? path : `${path}:${line}`;
  return [origin, name].filter((part) => typeof part === 'string').join(' ');
}

/** Kinds whose id names a rule, of which an image may have several findings. */
const ofRules: ReadonlySet<ImageFinding['kind']> = new Set(['secret', 'integrity', 'malware']);

/**
 * Name under which an exception accepts a finding: its fingerprint where the id would accept all
 * that the rule finds in the repository from now on.
 */
export function acceptedName({ kind, id, fingerprint }: Pick<ImageFinding, 'kind' | 'id' | 'fingerprint'>): string {
  return ofRules.has(kind) ? fingerprint : id;
}
