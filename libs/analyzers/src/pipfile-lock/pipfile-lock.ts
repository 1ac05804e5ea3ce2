import type { PackageRecord } from '@tidewaiter/domain';

import type { Analyzer, SourceFile } from '../analyzer.js';
import { objectOf, readJson, textOf } from '../document.js';
import { isLockFile } from '../lock-file.js';
import { collectPackages } from '../package-database.js';
import { pypiRecord } from '../pypi.js';

/** Production packages locked by Pipenv. @see https://pipenv.pypa.io/en/latest/pipfile.html */
export const pipfileLock: Analyzer = {
  name: 'pipfile-lock',
  version: 1,
  wants: (path) => isLockFile(path, 'Pipfile.lock'),
  analyze: (file) => collectPackages(readDefault(file)),
};

function* readDefault({ path, content }: SourceFile): Generator<PackageRecord | 'unreadable'> {
  for (const [name, entry] of Object.entries(objectOf(objectOf(readJson(content))['default']))) {
    const version = textOf(objectOf(entry)['version']);
    // Without a version it comes from a folder or a repository.
    if (version === undefined) continue;
    yield pypiRecord({ name, version: version.replace(/^={2,3}/, ''), foundIn: path, isDeclared: true });
  }
}
