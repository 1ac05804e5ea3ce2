import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files that a configuration was read from: itself, secrets, policies, templates. */
export class ConfigFiles {
  readonly #read = new Map<string, string>();

  /** Reads a text file and records its state. */
  text(path: string): string {
    this.#read.set(path, stateOf(path));
    return readFileSync(path, 'utf8');
  }

  /**
   * Paths of the files of a folder, in the order of their names; records the state of the folder
   * too.
   */
  folder(path: string): string[] {
    this.#read.set(path, stateOf(path));
    const paths = readdirSync(path).map((name) => join(path, name));
    // Kubernetes mounts files as links, beside a link to their folder.
    return paths.filter((each) => statSync(each, { throwIfNoEntry: false })?.isFile()).toSorted();
  }

  /** Whether a file or folder has changed since it was read. */
  hasChanged(): boolean {
    return [...this.#read].some(([path, state]) => stateOf(path) !== state);
  }

  /**
   * Records the present state as read, so that a bad configuration is reported once and not at
   * every check.
   */
  settle(): void {
    for (const path of this.#read.keys()) this.#read.set(path, stateOf(path));
  }
}

/**
 * State of a file. Includes the inode, because Kubernetes replaces mounted files by moving a link,
 * and editors by renaming.
 */
function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found ? `${found.ino} ${found.mtimeNs} ${found.size}` : 'missing';
}
