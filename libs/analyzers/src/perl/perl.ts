import type { OwnedFile, PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, FileFacts, SourceFile } from '../analyzer.js';
import { listOf, objectOf, readJson, readText, textOf } from '../document.js';
import { libraryRecord } from '../library-record.js';
import { collectPackages, linesOf, oneLine } from '../package-database.js';
import { collectFiles, packageFile, pathFrom } from '../package-files.js';

const maxLicenses = 16;

// cpanm and Carton store these two for each installed distribution; MakeMaker and Module::Build the
// others.
const cpanmRecord = /(^|\/)\.meta\/[^/]+\/(install|MYMETA)\.json$/;
const packlist = /(^|\/)auto\/((?:[^/]+\/){1,16})\.packlist$/;

/**
 * Distributions installed from CPAN.
 * @see https://metacpan.org/pod/ExtUtils::Install and https://metacpan.org/pod/ExtUtils::Packlist
 */
export const perl: Analyzer = {
  name: 'perl',
  version: 1,
  wants: (path) =>
    (path.includes('.meta/') && cpanmRecord.test(path)) ||
    (path.endsWith('/.packlist') && packlist.test(path)) ||
    path.endsWith('/perllocal.pod'),
  analyze: (file) => {
    if (file.path.endsWith('/.packlist')) return readPacklist(file);
    if (file.path.endsWith('.pod')) return collectPackages(readPerllocal(file));
    return collectPackages([file.path.endsWith('/install.json') ? readInstall(file) : readMeta(file)]);
  },
};

/**
 * Reads install.json: `version` is that of the main module; `dist` has the version of the
 * distribution.
 */
function readInstall({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const { dist, name, version } = objectOf(readJson(content));
  const [, distribution, release] =
    /^([\w-]{1,200}?)-(v?\d[\w.]{0,100})(?:-TRIAL\d{0,9})?$/.exec(textOf(dist) ?? '') ?? [];
  if (distribution !== undefined) return cpanRecord(distribution, release, path);
  return cpanRecord(distributionOf(textOf(name)), version, path);
}

/** @see https://metacpan.org/pod/CPAN::Meta::Spec */
function readMeta({ path, content }: SourceFile): PackageRecord | 'unreadable' {
  const { name, version, license } = objectOf(readJson(content));
  const licenses = listOf(license)
    .slice(0, maxLicenses)
    .flatMap((id) => (typeof id === 'string' && id !== 'unknown' ? [oneLine(id)] : []));
  return cpanRecord(distributionOf(textOf(name)), version, path, licenses);
}

function cpanRecord(name: unknown, version: unknown, foundIn: string, licenses: string[] = []) {
  return libraryRecord({ type: 'cpan', name, version, licenses, foundIn });
}

/** Distribution of a module: `Try-Tiny` for `Try::Tiny`. */
function distributionOf(module: string | undefined): string | undefined {
  return module?.replaceAll('::', '-');
}

/**
 * Reads the log of installations, each with a module and then its version; the last entry of a
 * module wins.
 */
function readPerllocal({ path, content }: SourceFile): Iterable<PackageRecord | 'unreadable'> {
  const versions = new Map<string, string>();
  let module: string | undefined;
  for (const line of linesOf(readText(content))) {
    const [, installed] = /^=head2 [^<]{0,256}C<Module> L<([\w:]{1,200})\|/.exec(line) ?? [];
    if (installed !== undefined) module = installed;
    const [, version] = /^C<VERSION: ([^>]{1,128})>/.exec(line) ?? [];
    if (version !== undefined && module !== undefined) versions.set(module, version);
  }
  return [...versions].map(([name, version]) => cpanRecord(distributionOf(name), version, path));
}

/**
 * Reads absolute paths with their attributes: `/usr/local/share/perl/5.36.0/Try/Tiny.pm type=file`.
 */
function readPacklist({ path, content }: SourceFile): FileFacts {
  const module = packlist.exec(path)?.[2] ?? '';
  const { files, ...damage } = collectFiles(packlistFiles(readText(content)));
  return { owned: [{ type: 'cpan', package: module.slice(0, -1).replaceAll('/', '-'), files }], ...damage };
}

function* packlistFiles(text: string): Generator<OwnedFile | undefined> {
  for (const line of linesOf(text)) {
    if (!line.startsWith('/')) continue;
    const end = line.search(/ \w{1,32}=/);
    const path = pathFrom('', line.slice(0, end === -1 ? undefined : end).trim());
    yield path === undefined ? undefined : packageFile(path);
  }
}
