import type { PackageRecord } from '@tidewaiter/domain';

const libraryName = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,213}$/;
const libraryVersion = /^[A-Za-z0-9_][A-Za-z0-9._+!:~-]{0,127}$/;

/** Fields of a library in a file, validated or not. */
export interface LibraryClaim extends Pick<PackageRecord, 'type' | 'foundIn'> {
  name: unknown;
  version: unknown;
  licenses?: string[];
  qualifiers?: Record<string, string>;
  isDeclared?: true;
}

/**
 * Record of a library, which is its own source; `unreadable` if name or version is invalid, as in
 * templates.
 */
export function libraryRecord({ name, version, ...claim }: LibraryClaim): PackageRecord | 'unreadable' {
  if (typeof name !== 'string' || !libraryName.test(name)) return 'unreadable';
  if (typeof version !== 'string' || !libraryVersion.test(version)) return 'unreadable';
  return { licenses: [], ...claim, name, version, source: { name, version } };
}
