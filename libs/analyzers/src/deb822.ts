import { linesOf } from './package-database.js';

/**
 * Fields of each stanza of apt's configuration, by name in lower case. Lines that begin with a
 * space continue a field, if it is one of `continued`. @see https://manpages.debian.org/deb822.5
 */
export function* deb822Stanzas(text: string, continued: ReadonlySet<string>): Generator<ReadonlyMap<string, string>> {
  let fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of linesOf(text)) {
    if (line.startsWith('#')) continue;
    const [, name, value = ''] = /^([A-Za-z][\w-]{0,99}):(.{0,65536})$/.exec(line) ?? [];
    if (line.trim() === '') {
      yield fields;
      fields = new Map();
      last = undefined;
    } else if (name !== undefined) {
      last = name.toLowerCase();
      fields.set(last, value.trim());
    } else if (last !== undefined && continued.has(last) && /^\s/.test(line)) {
      fields.set(last, `${fields.get(last)} ${line.trim()}`);
    }
  }
  yield fields;
}
