import { MalformedFile, type PackageRecord } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { objectOf, readJson, textOf } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages } from '../package-database.js';

/**
 * NuGet packages and runtimes that a published .NET application loads.
 * @see https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md
 * "[appname].deps.json"
 */
export const dotnetDeps: Analyzer = {
  name: 'dotnet-deps',
  version: 1,
  wants: (path) => path.endsWith('.deps.json'),
  analyze: ({ path, content }) => {
    const { libraries, targets, runtimeTarget } = objectOf(readJson(content));
    if (typeof libraries !== 'object') throw new MalformedFile('deps.json without libraries');
    // Before .NET Core 1.1 the target was a text.
    const target = textOf(objectOf(runtimeTarget)['name']) ?? textOf(runtimeTarget) ?? '';
    return collectPackages(readLibraries(objectOf(libraries), objectOf(objectOf(targets)[target]), path));
  },
};

type Json = Readonly<Record<string, unknown>>;

function* readLibraries(libraries: Json, target: Json, foundIn: string): Generator<PackageRecord | 'unreadable'> {
  for (const [key, library] of Object.entries(libraries)) {
    const { type } = objectOf(library);
    const isRuntime = type === 'runtimepack';
    if (!isRuntime && (type !== 'package' || !isLoaded(target[key]))) continue;
    const [id, version] = key.split('/', 2);
    yield libraryRecord({ type: 'nuget', name: isRuntime ? id?.replace(/^runtimepack\./, '') : id, version, foundIn });
  }
}

const assets = ['runtime', 'runtimeTargets', 'native', 'resources'];

/**
 * Packages that only the compiler needed, or that only refer to others, have no file in the
 * application.
 */
function isLoaded(library: unknown): boolean {
  return library === undefined || assets.some((asset) => objectOf(library)[asset] !== undefined);
}
