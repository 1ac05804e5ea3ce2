import type { Observation } from '@tidewaiter/domain';

import { containerKey } from './container-key.js';
import { RecentMap } from './recent-map.js';

/** Who wrote a file: what drift is judged by. */
export interface FileWriter {
  timeMs: number;
  /** Executables: the writer's own, then those of the processes that it comes from. */
  executables: string[];
  inContainer: boolean;
}

const maxFiles = 200_000;

/** Who last wrote which file in which container, or on which node. */
export class FileWriters {
  readonly #writers = new RecentMap<FileWriter>(maxFiles);

  /** Remembers a write; `executables` starts with the writer's. */
  note(observation: Observation, executables: string[]): void {
    const { file, timeMs } = observation;
    if (file === null) return;
    const writer = { timeMs, executables, inContainer: containerKey(observation) !== null };
    if (file.access === 'write') this.#writers.set(key(observation, file.path), writer);
    // What is moved or linked into place was made by who moved it; the older name may be the one that the writer used.
    if (file.to !== null && (file.access === 'rename' || file.access === 'link')) {
      this.#writers.set(key(observation, file.to), this.#writers.get(key(observation, file.path)) ?? writer);
    }
  }

  writerOf(observation: Observation, path: string): FileWriter | null {
    return this.#writers.get(key(observation, path)) ?? null;
  }

  snapshot(): [string, FileWriter][] {
    return this.#writers.entries();
  }

  restore(kept: readonly [string, FileWriter][]): void {
    this.#writers.restore(kept);
  }
}

function key(observation: Observation, path: string): string {
  const { cluster, node } = observation;
  return `${containerKey(observation) ?? `${cluster ?? ''}/${node ?? ''}`}:${path}`;
}
