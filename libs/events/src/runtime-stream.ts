import { runtimeObserved } from './catalog.js';

/** Name of the stream of runtime events. */
export const runtimeStream = 'TIDEWAITER_RUNTIME';

/**
 * Number of partitions of the runtime events. One replica of the detector reads each in order; all
 * events of a node are in one partition, so that one process has the process tree of the node.
 * Another number needs another stream.
 */
export const runtimePartitions = 32;

/** Origin of a record, as far as its partition depends on it. */
export interface RecordPlace {
  cluster: string | null;
  node: string | null;
  sensor: string;
}

/**
 * Partition of a record: one for all events of a node, and one for all events of a cluster or
 * account without a node.
 */
export function partitionOf({ cluster, node, sensor }: RecordPlace): number {
  return hashOf(node === null ? (cluster ?? sensor) : `${cluster ?? ''}\0${node}`) % runtimePartitions;
}

/** NATS subject of a partition. */
export function runtimeChannel(partition: number): string {
  return `${runtimeObserved.channel}.${partition}`;
}

/**
 * FNV-1a, 32 bits, over UTF-16 units: the same in every process and version, which a partition
 * needs more than strength.
 */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV distribute short names badly.
  return (hash ^ (hash >>> 15)) >>> 0;
}
