import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Observation } from '@tidewaiter/domain';

import { containerKey } from './container-key.js';

/** Last writer of a file, by which drift is evaluated. */
export interface FileWriter {
  timeMs: number;
  /** Executables: the writer's own, then those of its ancestors. */
  executables: string[];
  inContainer: boolean;
}

const maxFiles = 50_000;

export interface PersistedWriters {
  writers: PersistedMap<FileWriter>;
  containers: PersistedMap<string>;
}

/** Last writers of files, by container or node. */
export class FileWriters {
  readonly #writers = new RecentMap<FileWriter>(maxFiles);
  /** Container that last wrote a path, by node: on the host its files have other paths. */
  readonly #containers = new RecentMap<string>(maxFiles);

  /** Records a write; `executables` starts with the writer's. */
  note(observation: Observation, executables: string[]): void {
    const { file, timeMs } = observation;
    if (file === null) return;
    const container = containerKey(observation);
    const writer = { timeMs, executables, inContainer: container !== null };
    if (container !== null && file.access !== 'read') {
      this.#containers.set(onNode(observation, file.path), container);
      const placed = throughMount(file.path);
      if (placed !== null) this.#containers.set(`host:${onNode(observation, placed)}`, container);
    }
    if (file.access === 'write') this.#writers.set(key(observation, file.path), writer);
    // A rename or link counts as a write by its process, unless the writer of the older name is
    // known.
    if (file.to !== null && (file.access === 'rename' || file.access === 'link')) {
      this.#writers.set(key(observation, file.to), this.#writers.get(key(observation, file.path)) ?? writer);
    }
  }

  writerOf(observation: Observation, path: string): FileWriter | null {
    return this.#writers.get(key(observation, path)) ?? null;
  }

  /**
   * Returns the container on the node of `observation` that has written `path`, a path inside the
   * container.
   */
  containerOf(observation: Observation, path: string): string | null {
    return this.#containers.get(onNode(observation, path)) ?? null;
  }

  /** Returns the container that wrote a file of the node through a mount of the node's root. */
  placedOnHost(observation: Observation, path: string): string | null {
    return this.#containers.get(`host:${onNode(observation, path)}`) ?? null;
  }

  snapshot(): PersistedWriters {
    return { writers: this.#writers.snapshot(), containers: this.#containers.snapshot() };
  }

  restore({ writers, containers }: PersistedWriters): void {
    this.#writers.restore(writers);
    this.#containers.restore(containers);
  }
}

/**
 * Returns the path on the node of a file that is below a mount of the node's root in a container:
 * `/usr/bin/x` of `/host/usr/bin/x`. Null for a path of the container's own folders.
 */
export function throughMount(path: string): string | null {
  const [, rest] =
    /^\/(?:proc\/\d+\/root|mnt\/[^/]+|[^/]+)(\/(?:etc|usr|opt|var|root|home|bin|sbin|lib|lib64|tmp|srv|run|boot)\/.+)$/.exec(
      path,
    ) ?? [];
  return rest === undefined || ownFolder.test(path) ? null : rest;
}

const ownFolder = /^\/(?:etc|usr|opt|var|root|home|bin|sbin|lib|lib64|tmp|srv|run|boot|dev|sys|app)\//;

function onNode({ cluster, node }: Observation, path: string): string {
  return `${cluster ?? ''}/${node ?? ''}:${path}`;
}

function key(observation: Observation, path: string): string {
  const container = containerKey(observation);
  return container === null ? onNode(observation, path) : `${container}:${path}`;
}
