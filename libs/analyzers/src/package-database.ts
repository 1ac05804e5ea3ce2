import { LimitExceeded, type PackageRecord } from '@tidewaiter/domain';

import type { FileFacts } from './analyzer.js';

/** Limit for one file, as `factLimits.maxPackages` for a layer; an installation has thousands. */
const maxPackages = 30_000;

const token = /^[!-~]{1,1024}$/;
const architecture = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Whether a text can be a name or version: printable ASCII without spaces, as in every package
 * manager.
 */
export function isToken(value: string | undefined): value is string {
  return value !== undefined && token.test(value);
}

/** Architecture of a package as a part of its record; none if the field is something else. */
export function readArch(field: string | undefined): { arch?: string } {
  return field !== undefined && architecture.test(field) ? { arch: field } : {};
}

/** Text of a file on one line of limited length, for display. */
export function oneLine(text: string): string {
  return text
    .slice(0, 1024)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim();
}

/**
 * Yields the lines of a text one at a time: an array of a hostile file's lines may be much larger
 * than the file.
 */
export function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield text.slice(start, end);
    start = end + 1;
  }
}

/**
 * Yields the stanzas of a text, which end with an empty line, with the fields that `fieldOf` finds
 * in their lines; the last of repeated fields counts.
 * @param key field that each stanza has once: another one begins the next stanza, since tools
 * differ in which lines are empty
 */
export function* stanzasOf(
  text: string,
  fieldOf: (line: string) => readonly [name: string, value: string] | undefined,
  key?: string,
): Generator<ReadonlyMap<string, string>> {
  let fields = new Map<string, string>();
  let isEmpty = true;
  for (const line of linesOf(text)) {
    // Editors and version control may have changed the line ends of a database.
    if (line !== '' && line !== '\r') {
      const field = fieldOf(line);
      if (field && field[0] === key && fields.has(key)) {
        yield fields;
        fields = new Map();
      }
      if (field) fields.set(field[0], field[1]);
      isEmpty = false;
    } else if (!isEmpty) {
      yield fields;
      fields = new Map();
      isEmpty = true;
    }
  }
  if (!isEmpty) yield fields;
}

/**
 * Collects the packages of a database; unreadable records are counted, packages that are not
 * installed (undefined) are left out.
 * @throws LimitExceeded `maxPackages`
 */
export function collectPackages(records: Iterable<PackageRecord | 'unreadable' | undefined>): FileFacts {
  const packages: PackageRecord[] = [];
  let unreadable = 0;
  for (const record of records) {
    if (record === 'unreadable') unreadable += 1;
    else if (record) packages.push(record);
    if (packages.length > maxPackages)
      throw new LimitExceeded('maxPackages', `database of more than ${maxPackages} packages`);
  }
  if (unreadable === 0) return { packages };
  return { packages, damage: `${unreadable} records without a usable name, version or status` };
}
