import type { PackageType } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readText } from '../document.js';
import { isLockFile } from '../lock-file.js';

/** Manifest of one package manager: it names what an application needs, mostly in ranges. */
interface Manifest {
  type: PackageType;
  /** File names, or their ends where they begin with a dot. */
  names: readonly string[];
  /** Matches a text that names a dependency. */
  declares: RegExp;
}

const manifests: readonly Manifest[] = [
  { type: 'npm', names: ['package.json'], declares: /"dependencies"\s{0,16}:\s{0,16}\{\s{0,64}"/ },
  { type: 'composer', names: ['composer.json'], declares: /"require"\s{0,16}:\s{0,16}\{[^}/]{1,512}\// },
  { type: 'pypi', names: ['Pipfile'], declares: /^\[packages\]\s{1,64}[\w"]/m },
  {
    type: 'pypi',
    names: ['pyproject.toml'],
    declares: /^dependencies\s{0,16}=\s{0,16}\[\s{0,64}["']|^\[tool\.poetry\.dependencies\]/m,
  },
  { type: 'pypi', names: ['setup.py', 'setup.cfg'], declares: /\binstall_requires\b/ },
  { type: 'gem', names: ['Gemfile', 'gems.rb'], declares: /^[ \t]{0,16}gem[ \t(]{1,16}["']/m },
  { type: 'maven', names: ['pom.xml'], declares: /<dependency>/ },
  {
    type: 'maven',
    names: ['build.gradle', 'build.gradle.kts'],
    declares: /^[ \t]{1,32}(?:implementation|api|compile|runtimeOnly)[ \t(]{1,8}["']/m,
  },
  { type: 'cargo', names: ['Cargo.toml'], declares: /^\[(?:workspace\.)?dependencies[.\]]/m },
  {
    type: 'nuget',
    names: ['.csproj', '.fsproj', '.vbproj', 'packages.config'],
    declares: /<(?:PackageReference|package)\s/,
  },
  { type: 'hex', names: ['mix.exs'], declares: /\{:\w{1,64},\s{0,16}["[~>]/ },
  { type: 'pub', names: ['pubspec.yaml'], declares: /^dependencies:\s{0,16}$/m },
  { type: 'swift', names: ['Package.swift'], declares: /\.package\(/ },
  { type: 'conan', names: ['conanfile.txt'], declares: /^\[requires\]\s{1,64}\w/m },
];

/**
 * Manifests of applications with dependencies that only a lock file or an installation gives a
 * version: without one, those are not known.
 */
export const unlockedManifest: Analyzer = {
  name: 'unlocked-manifest',
  version: 1,
  wants: (path) => manifestAt(path) !== undefined,
  analyze: ({ path, content }) => {
    const manifest = manifestAt(path);
    if (!manifest?.declares.test(readText(content))) return {};
    return { unpinned: { type: manifest.type, names: [] } };
  },
};

const byName = new Map(manifests.flatMap((each) => each.names.map((name) => [name, each] as const)));

function manifestAt(path: string): Manifest | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const manifest = byName.get(name) ?? byName.get(name.slice(name.lastIndexOf('.')));
  return manifest && isLockFile(path, name) ? manifest : undefined;
}
