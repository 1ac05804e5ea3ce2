import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, endOfRun, isDigit } from './runs.js';

interface DpkgVersion {
  epoch: string;
  upstream: string;
  revision: string;
}

/** dpkg stores the epoch in a C `int` and rejects larger ones. */
const maxEpoch = '2147483647';

const epochPattern = /^[0-9]+$/;
const upstreamPattern = /^[0-9][A-Za-z0-9.+~:-]*$/;
const revisionPattern = /^[A-Za-z0-9.+~]+$/;

/**
 * Orders two versions of Debian packages as dpkg does: by epoch, upstream version, revision.
 *
 * Accepts what `dpkg --validate-version` accepts. `dpkg --compare-versions` would also order
 * `unknown` or `n/a`, with a warning, which would look like a real result.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://manpages.debian.org/deb-version.7, "Sorting algorithm"
 */
export function compareDpkg(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

function parseVersion(version: string): DpkgVersion {
  const colon = version.indexOf(':');
  const hyphen = version.lastIndexOf('-');
  const hasRevision = hyphen > colon;
  const epoch = colon === -1 ? '0' : version.slice(0, colon);
  const upstream = version.slice(colon + 1, hasRevision ? hyphen : undefined);
  const revision = hasRevision ? version.slice(hyphen + 1) : '0';

  const hasEpoch = epochPattern.test(epoch) && compareDigits(epoch, maxEpoch) <= 0;
  if (!hasEpoch || !upstreamPattern.test(upstream) || !revisionPattern.test(revision)) {
    throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that dpkg accepts');
  }
  return { epoch, upstream, revision };
}

/**
 * Compares alternately: non-digits by weight, character by character, then a run of digits by
 * value.
 */
function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while (isNonDigit(a[i]) || isNonDigit(b[j])) {
      const difference = weight(a[i]) - weight(b[j]);
      if (difference !== 0) return Math.sign(difference);
      i += 1;
      j += 1;
    }
    const endA = endOfRun(a, i, isDigit);
    const endB = endOfRun(b, j, isDigit);
    const order = compareDigits(a.slice(i, endA), b.slice(j, endB));
    if (order !== 0) return order;
    i = endA;
    j = endB;
  }
  return 0;
}

function isNonDigit(character: string | undefined): boolean {
  return character !== undefined && !isDigit(character);
}

/** Tilde, then the end (or the digits that end a run), then letters, then everything else. */
function weight(character: string | undefined): number {
  if (character === undefined || isDigit(character)) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /^[A-Za-z]$/.test(character) ? code : code + 256;
}
