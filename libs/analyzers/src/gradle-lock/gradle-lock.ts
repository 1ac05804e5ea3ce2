import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { isMavenId, isMavenVersion } from '../java/pom.js';
import { isLockFile } from '../lock-file.js';
import { collectPackages, linesOf } from '../package-database.js';

/**
 * Maven artifacts locked by Gradle, without those that only tests use.
 * @see https://docs.gradle.org/current/userguide/dependency_locking.html
 */
export const gradleLock: Analyzer = {
  name: 'gradle-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'gradle.lockfile') || isLockFile(path, 'buildscript-gradle.lockfile'),
  analyze: ({ path, content }) => collectPackages(readLock(readText(content), path)),
};

/** `group:artifact:version=configuration,…`; the last line has configurations without artifacts. */
function* readLock(text: string, foundIn: string): Generator<PackageRecord | 'unreadable'> {
  for (const line of linesOf(text)) {
    const [coordinates = '', configurations = ''] = line.trim().split('=', 2);
    if (coordinates === '' || coordinates === 'empty' || coordinates.startsWith('#')) continue;
    if (configurations.split(',').every((each) => each.startsWith('test'))) continue;
    yield recordOf(coordinates.split(':'), foundIn);
  }
}

function recordOf([group, artifact, version, ...more]: string[], foundIn: string): PackageRecord | 'unreadable' {
  if (!isMavenId(group) || !isMavenId(artifact) || !isMavenVersion(version) || more.length > 0) return 'unreadable';
  const name = `${group}:${artifact}`;
  return { type: 'maven', name, version, source: { name, version }, licenses: [], foundIn, isDeclared: true };
}
