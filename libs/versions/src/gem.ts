import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, compareText, isDigit } from './runs.js';

const versionPattern = /^[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** First run of zeros and dots right before a letter, without the zeros that end another number. */
const zerosBeforeLetterPattern = /(?:^|(?<![0.])(0*\.))[0.]+(?=[A-Za-z])/;

/**
 * Platform of a gem with native code: a processor with optional parts, `x86_64-linux-musl`, or a
 * virtual machine.
 */
const platformPattern =
  /-(?:x86|x86_64|x64|i[3-6]86|amd64|arm(?:64|v[0-9]+[a-z]*)?|aarch64|universal|(?:ppc|powerpc|sparc|riscv)(?:64(?:le)?)?|s390x|loongarch64|java|jruby|dalvik|(?:mswin|mingw)(?:32|64)?)(?:-.*)?$/s;

/**
 * Orders two versions of Ruby gems: segments of digits or letters, letters before digits, missing
 * segments are zero. A hyphen starts a pre-release, even if a platform follows: see
 * `withoutGemPlatform`.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://docs.ruby-lang.org/en/master/Gem/Version.html
 */
export function compareGem(a: string, b: string): number {
  return compareGemSegments(canonicalSegments(a), canonicalSegments(b));
}

/**
 * Removes the platform that lock files and file names append to a version: `1.15.2-x86_64-linux` is
 * 1.15.2.
 */
export function withoutGemPlatform(version: string): string {
  return version.replace(platformPattern, '');
}

/**
 * Splits a version into runs of digits and runs of letters.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 */
export function gemSegments(version: string): string[] {
  return split(normalize(version));
}

export function compareGemSegments(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const order = compareSegment(a[i] ?? '0', b[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

function compareSegment(a: string, b: string): number {
  const isNumber = isDigit(a[0]);
  if (isNumber !== isDigit(b[0])) return isNumber ? 1 : -1;
  return isNumber ? compareDigits(a, b) : compareText(a, b);
}

function canonicalSegments(version: string): string[] {
  return split(normalize(version).replace(zerosBeforeLetterPattern, '$1'));
}

function normalize(version: string): string {
  // RubyGems reads an empty version as 0.
  const trimmed = version.trim() || '0';
  if (!versionPattern.test(trimmed))
    throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that RubyGems accepts');
  return trimmed.replaceAll('-', '.pre.');
}

function split(version: string): string[] {
  return version.match(/[0-9]+|[A-Za-z]+/g) ?? [];
}
