import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { listOf, objectOf } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages } from '../package-database.js';
import { readToml } from '../toml.js';

// packages/Example/aqsx3/Project.toml: the folder of a version is the hash of its tree in five
// letters.
const project = /(^|\/)packages\/[^/]+\/[A-Za-z0-9]{4,8}\/(Julia)?Project\.toml$/;
const manifest = /(^|\/)(Julia)?Manifest(-v\d{1,3}\.\d{1,3})?\.toml$/;
/** Folder of an installed package: manifests in it are for its own tests and documentation. */
const withinPackage = /(^|\/)packages\/[^/]+\/[A-Za-z0-9]{4,8}\//;

/**
 * Packages of a depot of Julia, and those locked in an environment. @see
 * https://pkgdocs.julialang.org/v1/toml-files/
 */
export const julia: Analyzer = {
  name: 'julia',
  version: 1,
  wants: (path) => path.endsWith('.toml') && (project.test(path) || (manifest.test(path) && !withinPackage.test(path))),
  analyze: (file) => collectPackages(project.test(file.path) ? [readProject(file)] : readManifest(file)),
};

function readProject({ path, content }: SourceFile): PackageRecord | 'unreadable' | undefined {
  const { name, version, uuid } = readToml(content);
  return isUuid(uuid)
    ? libraryRecord({ type: 'julia', name, version, qualifiers: { uuid }, foundIn: path })
    : undefined;
}

/**
 * Before format 2 the packages were the tables at the top; a name may stand for several packages.
 */
function* readManifest({ path, content }: SourceFile): Generator<PackageRecord | 'unreadable'> {
  const tables = readToml(content);
  const packages = tables['manifest_format'] === undefined ? tables : objectOf(tables['deps']);
  for (const [name, entries] of Object.entries(packages)) {
    for (const { version, uuid, path: folder } of listOf(entries).map(objectOf)) {
      // The standard library is part of Julia and has no version; a package in a local folder is no
      // release.
      if (version === undefined || folder !== undefined || !isUuid(uuid)) continue;
      yield libraryRecord({ type: 'julia', name, version, qualifiers: { uuid }, foundIn: path, isDeclared: true });
    }
  }
}

/**
 * Checks the UUID: names are not unique, and a file without one belongs to another program.
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/julia-definition.md
 */
function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
