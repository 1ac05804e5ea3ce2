import { runtimeObserved } from './catalogue.js';

/** The stream of what runs. */
export const runtimeStream = 'TIDEWAITER_RUNTIME';

/**
 * What runs is told in partitions, each of which one replica of the detector reads in order: what a node does is in one of
 * them, and so the process tree of a node is in one memory. Another number needs another stream.
 */
export const runtimePartitions = 32;

/** Where a record comes from, as far as its partition depends on it. */
export interface RecordPlace {
  cluster: string | null;
  node: string | null;
  sensor: string;
}

/** The partition of a record: all that a node tells goes to one, and all that a cluster or an account tells without a node. */
export function partitionOf({ cluster, node, sensor }: RecordPlace): number {
  return hashOf(node === null ? (cluster ?? sensor) : `${cluster ?? ''}\0${node}`) % runtimePartitions;
}

/** The NATS subject of a partition. */
export function runtimeChannel(partition: number): string {
  return `${runtimeObserved.channel}.${partition}`;
}

/** FNV-1a, 32 bits, over UTF-16 units: the same in every process and version, which a partition needs more than strength. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV alone spread short names badly.
  return (hash ^ (hash >>> 15)) >>> 0;
}
