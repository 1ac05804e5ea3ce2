/**
 * Program that images hold outside any package manager, with patterns that find its version in its
 * bytes.
 */
export interface Program {
  /** Name in CPEs and in other scanners. */
  name: string;
  /** Type of its purl if advisories use one; otherwise `generic`. */
  type?: 'golang';
  /**
   * Names of its ELF files, without versions and suffixes: `libpython` for `libpython3.12.so.1.0`.
   */
  files?: readonly string[];
  /** Matches, instead of ELF files, the whole path of a text file beside the program. */
  textFile?: RegExp;
  /** Tried in turn. */
  marks: readonly Mark[];
  /** Accepts only versions that start with the match of this pattern in the file's name. */
  nameVersion?: RegExp;
  /** Finds the version in the file's name, where a mark only proves which program it is. */
  fileVersion?: RegExp;
  /** Source of the text, for maintainers of the row. */
  note: string;
  /** Test cases: path, bytes (as Latin-1) and the expected version. */
  matches: readonly (readonly [path: string, bytes: string, version: string])[];
  ignores: readonly (readonly [path: string, bytes: string])[];
}

/** Text near the version. */
export interface Mark {
  /** Searched as bytes. */
  anchor: string;
  /**
   * Searched in {@link beforeBytes} before the anchor and {@link afterBytes} from it, so in bounded
   * time; its first group is the version.
   */
  version: RegExp;
}

export const beforeBytes = 96;
export const afterBytes = 128;

/**
 * Common stem of a file's names: up to the first digit or dot, without the hash of Rust's
 * libraries. Plugins (`openssl.so` of Ruby) keep their whole name, because the version in them is
 * that of the library they were built against.
 */
export function stemOf(baseName: string): string {
  const isLibrary = baseName.startsWith('lib') || baseName.startsWith('ld-');
  if (!isLibrary && baseName.includes('.so')) return baseName;
  const name = baseName.endsWith('.so') ? baseName.replace(/-[0-9a-f]{16}\.so$/, '') : baseName;
  const end = name.search(/[\d.]/);
  return (end === -1 ? name : name.slice(0, end)).replace(/[-_]$/, '');
}
