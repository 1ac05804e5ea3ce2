import { type ContainerRecord, mergedContainers } from './container-record.js';
import { oldestOf } from './oldest.js';

const prefixLength = 12;
const none: ContainerRecord[] = [];

/** Containers by id. Ids may be truncated: those of one container share a prefix. */
export class ContainerRecords {
  /** Records by the first characters of the id; nearly always one or two. */
  readonly #buckets = new Map<string, ContainerRecord[]>();
  /** Cached merges of a bucket, dropped when the bucket changes. */
  readonly #merged = new WeakMap<ContainerRecord[], Map<string, ContainerRecord | null>>();
  #size = 0;

  constructor(private readonly max: number) {}

  get size(): number {
    return this.#size;
  }

  exactly(id: string): ContainerRecord | undefined {
    return this.#bucket(id).find((record) => record.id === id);
  }

  put(record: ContainerRecord): void {
    const prefix = record.id.slice(0, prefixLength);
    const bucket = this.#buckets.get(prefix);
    const index = bucket?.findIndex(({ id }) => id === record.id) ?? -1;
    if (bucket) this.#merged.delete(bucket);
    if (bucket && index >= 0) {
      bucket[index] = record;
      return;
    }
    if (bucket) bucket.push(record);
    else this.#buckets.set(prefix, [record]);
    this.#size += 1;
    if (this.#size > this.max) this.#forget();
  }

  /**
   * Merges all claims about the container of an id: under that id, under longer ones, and under
   * shorter ones that are a prefix of no other container. Resolved on look-up, since another
   * container with the same prefix may still appear.
   */
  find(id: string): ContainerRecord | null {
    const bucket = this.#bucket(id);
    const [only] = bucket;
    if (bucket.length === 1 && only!.id === id) return only!;
    const known = this.#merged.get(bucket) ?? new Map<string, ContainerRecord | null>();
    this.#merged.set(bucket, known);
    let found = known.get(id);
    if (found === undefined) known.set(id, (found = mergedUnder(id, bucket)));
    return found;
  }
  /** Yields one record for each container; skips ids that several containers may share. */
  *records(): Generator<ContainerRecord> {
    for (const bucket of this.#buckets.values()) {
      for (const { id } of bucket) if (wholeOf(id, bucket) === id) yield this.find(id)!;
    }
  }

  #bucket(id: string): ContainerRecord[] {
    return this.#buckets.get(id.slice(0, prefixLength)) ?? none;
  }

  /**
   * Evicts a twentieth at once: sorting for each new record would cost more than everything else.
   */
  #forget(): void {
    const records = [...this.#buckets.values()].flat();
    for (const { id } of oldestOf(records, Math.ceil(this.max / 20))) {
      const kept = this.#bucket(id).filter((record) => record.id !== id);
      if (kept.length > 0) this.#buckets.set(id.slice(0, prefixLength), kept);
      else this.#buckets.delete(id.slice(0, prefixLength));
      this.#size -= 1;
    }
  }
}

function mergedUnder(id: string, bucket: readonly ContainerRecord[]): ContainerRecord | null {
  const longest = wholeOf(id, bucket);
  if (longest === null) return null;
  const parts = bucket.filter((record) => longest.startsWith(record.id) && wholeOf(record.id, bucket) === longest);
  return parts.length === 0 ? null : parts.reduce(mergedContainers);
}

/** Returns the only longest id that begins with `id`; null if several do. */
function wholeOf(id: string, bucket: readonly ContainerRecord[]): string | null {
  let longest = id;
  for (const record of bucket) {
    if (record.id.length > longest.length && record.id.startsWith(id)) longest = record.id;
  }
  return bucket.every((record) => !record.id.startsWith(id) || longest.startsWith(record.id)) ? longest : null;
}
