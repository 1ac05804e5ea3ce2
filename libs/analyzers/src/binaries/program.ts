/** A program that images hold outside any package manager, and how its bytes say which version it is. */
export interface Program {
  /** As CPEs and other scanners name it. */
  name: string;
  /** The type of its purl where advisories know it by one; otherwise `generic`. */
  type?: 'golang';
  /** Names of its ELF files, without versions and suffixes: `libpython` for `libpython3.12.so.1.0`. */
  files?: readonly string[];
  /** Instead of ELF files a text that is kept beside the program, by its whole path. */
  textFile?: RegExp;
  /** Tried in turn. */
  marks: readonly Mark[];
  /** Takes only versions that start with what this finds in the file's name. */
  nameVersion?: RegExp;
  /** Where the text comes from, for who has to change the row. */
  note: string;
  /** Path, bytes (as Latin-1) and the version that they say. */
  matches: readonly (readonly [path: string, bytes: string, version: string])[];
  ignores: readonly (readonly [path: string, bytes: string])[];
}

/** A text that stands near the version. */
export interface Mark {
  /** Looked up as bytes. */
  anchor: string;
  /**
   * Looked for in {@link beforeBytes} before the anchor and {@link afterBytes} from it, so in bounded time; its first group
   * is the version.
   */
  version: RegExp;
}

export const beforeBytes = 96;
export const afterBytes = 128;

/**
 * What a file's name has in common with that of other versions of it: all up to the first digit or dot, without the hash
 * of Rust's libraries. Plugins (`openssl.so` of Ruby) keep their whole name: they speak of what they were built against.
 */
export function stemOf(baseName: string): string {
  const isLibrary = baseName.startsWith('lib') || baseName.startsWith('ld-');
  if (!isLibrary && baseName.includes('.so')) return baseName;
  const name = baseName.endsWith('.so') ? baseName.replace(/-[0-9a-f]{16}\.so$/, '') : baseName;
  const end = name.search(/[\d.]/);
  return (end === -1 ? name : name.slice(0, end)).replace(/[-_]$/, '');
}
