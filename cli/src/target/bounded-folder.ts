import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Grows by a byte for each unit that was written since files were last removed. */
const journalName = 'written';
const unitBytes = 4_096;
/** A write that was ended by a kill leaves its partial file. */
const maxPartialAgeMs = 3_600_000;

/**
 * Folder of files that can be made again, for any number of processes. The files that were not used
 * for the longest time are removed once an eighth of the limit has been written.
 */
export class BoundedFolder {
  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
  ) {}

  /** Null for an unknown name. */
  read(name: string, now: Date): Buffer | null {
    const path = join(this.folder, name);
    try {
      const bytes = readFileSync(path);
      utimesSync(path, now, now);
      return bytes;
    } catch {
      return null;
    }
  }

  /**
   * Writes a file in one step, so that readers see all of it or nothing. A full disk or an
   * unwritable folder costs the next run time, but does not fail this one.
   */
  write(name: string, bytes: Uint8Array, now: Date): void {
    const path = join(this.folder, name);
    const partial = `${path}.${randomUUID()}`;
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      writeFileSync(partial, bytes, { mode: 0o600 });
      renameSync(partial, path);
      this.#count(bytes.length, now);
    } catch {
      // Not logged: there may be no home at all, as in a build container.
      tryRemove(partial);
    }
  }

  #count(bytes: number, now: Date): void {
    const journal = join(this.folder, journalName);
    appendFileSync(journal, '.'.repeat(Math.ceil(bytes / unitBytes)), { mode: 0o600 });
    if (statSync(journal).size * unitBytes <= this.maxBytes / 8) return;
    truncateSync(journal);
    this.#removeOldest(now);
  }

  #removeOldest(now: Date): void {
    const files = readdirSync(this.folder).flatMap((name) => {
      const found = name === journalName ? undefined : statOf(join(this.folder, name));
      return found ? [{ name, size: found.size, usedAt: found.mtimeMs }] : [];
    });
    // The space that is kept free is written until the next time.
    let left = (this.maxBytes * 7) / 8;
    for (const { name, size, usedAt } of files.toSorted((a, b) => b.usedAt - a.usedAt)) {
      left -= Math.ceil(size / unitBytes) * unitBytes;
      const isPartial = name.split('.').length > 2 && now.getTime() - usedAt > maxPartialAgeMs;
      if (left < 0 || isPartial) tryRemove(join(this.folder, name));
    }
  }
}

/** Undefined for a file that another process has removed meanwhile. */
function statOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

function tryRemove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is in the way of nothing.
  }
}
