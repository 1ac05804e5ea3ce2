import { MalformedFile } from '@tidewaiter/domain';

import { objectOf, parseJson } from './document.js';
import { licensesOf, type LibraryEntry } from './library-package.js';

/**
 * Parses the `package.json` of a package. @see
 * https://docs.npmjs.com/cli/configuring-npm/package-json
 */
export function readManifest(text: string): LibraryEntry {
  const { name, version, license, licenses } = objectOf(parseManifest(text));
  // Subfolders of a package may have `{"type":"module"}` only, and private packages have no
  // version.
  if (name === undefined || version === undefined) return undefined;
  if (typeof name !== 'string' || typeof version !== 'string') return 'unreadable';
  return { name: name.trim(), version: cleanVersion(version), licenses: licensesOf(license ?? licenses ?? []) };
}

const publicRegistry = /^https?:\/\/registry\.npmjs\.(?:org|com)(?:\/|$)/;

/**
 * Whether a `package.json` keeps its package from the public registry: npm refuses to publish it,
 * its license forbids every use, or it goes to a registry of its own.
 * @see https://docs.npmjs.com/cli/configuring-npm/package-json "private", "license" and more
 */
export function isUnpublished(text: string): boolean {
  if (!/"(?:private|publishConfig|UNLICENSED)"/.test(text)) return false;
  const { private: isPrivate, license, publishConfig } = objectOf(parseManifest(text));
  const { access, registry } = objectOf(publishConfig);
  if (isPrivate === true || license === 'UNLICENSED' || access === 'restricted') return true;
  return typeof registry === 'string' && !publicRegistry.test(registry);
}

/** Cleans a version like npm, which reads `v1.2.3` and ` =1.2.3` as 1.2.3. */
function cleanVersion(version: string): string {
  return version.trim().replace(/^[=v]{1,2} {0,4}(?=\d)/, '');
}

/**
 * Parses a manifest that publishing tools may have left with zeros or extra brackets after its end.
 */
function parseManifest(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const end = endOfObject(text);
    if (!(error instanceof MalformedFile) || end === -1 || text.slice(end).trim() === '') throw error;
    return parseJson(text.slice(0, end));
  }
}

/** End of the first object in the text, or -1. */
function endOfObject(text: string): number {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const found = text.charAt(index);
    if (isInString) {
      if (found === '\\') index += 1;
      else if (found === '"') isInString = false;
    } else if (found === '"') isInString = true;
    else if (found === '{') depth += 1;
    else if (found === '}' && --depth === 0) return index + 1;
  }
  return -1;
}
