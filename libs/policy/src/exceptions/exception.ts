import { createHash } from 'node:crypto';

import type { Finding, FindingKind, FindingLocation, Suppression } from '@tidewaiter/domain';
import { z } from 'zod';

import type { ImageIdentity } from '../evaluated-image.js';
import { globMatcher } from '../glob.js';
import { matchesPurl, type PurlPattern, readPurl } from '../purl-pattern.js';

/** Decision to accept findings. An absent field does not restrict it. */
export interface Exception {
  kind: 'ignore' | 'exception';
  /** File and line. */
  source: string;
  /** Id, alias or fingerprint of the findings. */
  finding: string;
  kinds?: readonly FindingKind[];
  paths?: readonly Glob[];
  /** Package names or purls. */
  packages?: readonly (string | PurlPattern)[];
  /** Limits the exception to images with this repository, tag and digest. */
  image?: { repository?: Glob | undefined; tag?: Glob | undefined; digest?: string | undefined };
  reason: string | null;
  owner: string | null;
  /** Time until which it holds; null without end. */
  until: Date | null;
}

export type Glob = (text: string) => boolean;

export function isAbout(exception: Exception, image: ImageIdentity): boolean {
  const { repository, tag, digest } = exception.image ?? {};
  if (digest !== undefined && !image.digests.includes(digest)) return false;
  if (tag && !(image.tag !== null && tag(image.tag))) return false;
  return !repository || (image.repository !== null && repositoryMatches(repository, image.repository));
}

export function repositoryMatches(glob: Glob, repository: string): boolean {
  return namesOf(repository).some((name) => glob(name));
}

/** Returns a repository with and without its registry: settings use either name. */
function namesOf(repository: string): string[] {
  const slash = repository.indexOf('/');
  const isHost = slash > 0 && /[.:]|^localhost$/.test(repository.slice(0, slash));
  return isHost ? [repository, repository.slice(slash + 1)] : [repository];
}

/** Whether an exception covers one place of a finding. */
export function isExcepted(exception: Exception, finding: Finding, location: FindingLocation): boolean {
  const { kinds, paths, packages } = exception;
  const { path } = location;
  if (!isNamed(exception.finding, finding, location)) return false;
  if (kinds && !kinds.includes(finding.kind)) return false;
  if (paths && !(path !== null && paths.some((glob) => glob(path)))) return false;
  return !packages || packages.some((each) => isPackage(each, finding));
}

/** A rule covers the places that it found, a fingerprint all places of the value. */
function isNamed(named: string, finding: Finding, location: FindingLocation): boolean {
  const { aliases, fingerprint, kind } = finding;
  if (named === location.rule || named === fingerprint || aliases.includes(named)) return true;
  return kind === 'secret' && named === placeFingerprint(finding, location);
}

/** Fingerprint of a secret in one place, which exceptions of versions before 0.3 name. */
function placeFingerprint({ evidence }: Finding, location: FindingLocation): string {
  const { rule, path, origin, name, valueFingerprint = evidence['valueFingerprint'] } = location;
  const place = path ?? `${origin} ${name}`;
  return createHash('sha256').update(['secret', rule, place, valueFingerprint].join('\n')).digest('hex');
}

function isPackage(named: string | PurlPattern, { packageName, purl }: Finding): boolean {
  if (typeof named === 'string') return named === packageName;
  const own = purl === null ? undefined : readPurl(purl);
  return own !== undefined && matchesPurl(named, own);
}

export function suppressionOf({ kind, source, owner, reason, until }: Exception): Suppression {
  return { kind, source, author: owner, reason, justification: null, until: until?.toISOString() ?? null };
}

/** Id, alias or fingerprint of findings. These are exact, so that `*` would except none. */
export const findingNameSchema = z
  .string()
  .regex(/^[^*]+$/, 'expected the id of a vulnerability or rule, or a fingerprint; patterns are not supported');

/** Pattern in a user's file. */
export const patternSchema = z
  .string()
  .min(1)
  .refine((pattern) => globMatcher(pattern) !== undefined, 'the pattern is too long');

export const globSchema = patternSchema.transform((pattern): Glob => globMatcher(pattern)!);

export const purlSchema = z.string().transform((text, context): PurlPattern => {
  const purl = readPurl(text);
  if (purl) return purl;
  context.addIssue('expected a purl: pkg:TYPE/NAMESPACE/NAME@VERSION');
  return z.NEVER;
});

/** Last day on which it holds, in UTC. */
export const untilSchema = z.iso
  .date({ error: 'expected a day: 2027-01-31' })
  .transform((day) => new Date(Date.parse(day) + 86_400_000 - 1));

export const reasonSchema = z.string().trim().min(1, 'expected a reason');
