import { homedir } from 'node:os';
import { join } from 'node:path';

import { environment } from './context.js';

/**
 * Where the command line keeps what it can get again: layers that were read, and advisories.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/#variables
 */
export function cacheDir(given?: string): string {
  return given ?? join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tidewaiter');
}

/** The local file of advisories, unless another is named. */
export function advisoryFilePath(cacheDirectory?: string): string {
  return join(cacheDir(cacheDirectory), 'advisories.db');
}

/** Place of the artifact that fills that file, if one is configured. */
export function configuredPlace(): string | undefined {
  return environment['TIDEWAITER_ADVISORIES_FROM'] || undefined;
}
