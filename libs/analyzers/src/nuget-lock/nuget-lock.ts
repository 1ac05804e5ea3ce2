import { MalformedFile, type PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages } from '../package-database.js';

/** Lock file of a project, or of one of several projects in a folder. */
const lockFile = /(?:^|\/)packages(?:\.[^/]{1,255})?\.lock\.json$/;
const packageKinds = new Set<unknown>(['Direct', 'Transitive', 'CentralTransitive']);

/**
 * NuGet packages locked by a .NET project.
 * @see
 * https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies
 */
export const nugetLock: Analyzer = {
  name: 'nuget-lock',
  version: 1,
  wants: (path) => path.endsWith('.lock.json') && lockFile.test(path),
  analyze: ({ path, content }) => {
    const { dependencies } = objectOf(readJson(content));
    if (typeof dependencies !== 'object') throw new MalformedFile('packages.lock.json without dependencies');
    return collectPackages(readDependencies(objectOf(dependencies), path));
  },
};

/**
 * Reads dependencies by target framework, which often repeat; projects of the same solution are
 * skipped.
 */
function* readDependencies(
  byFramework: Readonly<Record<string, unknown>>,
  foundIn: string,
): Generator<PackageRecord | 'unreadable'> {
  const seen = new Set<string>();
  for (const dependencies of Object.values(byFramework)) {
    for (const [name, dependency] of Object.entries(objectOf(dependencies))) {
      const { type, resolved: version } = objectOf(dependency);
      const key = JSON.stringify([name, version]);
      if (!packageKinds.has(type) || seen.has(key)) continue;
      seen.add(key);
      yield libraryRecord({ type: 'nuget', name, version, foundIn, isDeclared: true });
    }
  }
}
