import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files that a configuration was read from: itself, secrets, policies, templates. */
export class ConfigFiles {
  readonly #read = new Map<string, string>();

  /** Reads a text file and remembers in which state it was. */
  text(path: string): string {
    this.#read.set(path, stateOf(path));
    return readFileSync(path, 'utf8');
  }

  /** Paths of the files of a folder, in the order of their names; the folder is remembered as well. */
  folder(path: string): string[] {
    this.#read.set(path, stateOf(path));
    const paths = readdirSync(path).map((name) => join(path, name));
    // Kubernetes mounts files as links, beside a link to their folder.
    return paths.filter((each) => statSync(each, { throwIfNoEntry: false })?.isFile()).toSorted();
  }

  /** Whether one of them is no longer as it was read. */
  hasChanged(): boolean {
    return [...this.#read].some(([path, state]) => stateOf(path) !== state);
  }

  /** Takes the present state for the one that was read, so that a mistake is reported once and not at every look. */
  settle(): void {
    for (const path of this.#read.keys()) this.#read.set(path, stateOf(path));
  }
}

/** Kubernetes replaces mounted files by moving a link, editors by renaming: the inode tells, too. */
function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : 'missing';
}
