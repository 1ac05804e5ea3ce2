import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { readComposerPackage } from '../composer/composer.js';
import { objectOf, readJson } from '../document.js';
import { declaredLibraries } from '../library-package.js';
import { isLockFile } from '../lock-file.js';

/**
 * Runtime packages locked by Composer.
 * @see https://getcomposer.org/doc/01-basic-usage.md "Committing your composer.lock file"
 */
export const composerLock: Analyzer = {
  name: 'composer-lock',
  version: 2,
  wants: (path) => isLockFile(path, 'composer.lock'),
  analyze: ({ path, content }) => {
    // `packages-dev` has the development dependencies.
    const { packages } = objectOf(readJson(content));
    if (!Array.isArray(packages)) throw new MalformedFile('lock file without packages');
    return declaredLibraries('composer', path, packages.map(readComposerPackage));
  },
};
