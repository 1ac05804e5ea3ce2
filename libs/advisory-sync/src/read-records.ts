import { derivedEcosystems, type OsvAdvisory, readOsvRecord } from '@tidewaiter/advisories';
import { InvalidInput, TidewaiterError } from '@tidewaiter/domain';

import type { AdvisoryKeeper, ReadingListener } from './advisory-keeper.js';
import type { RecordItem, AdvisoryRecords } from './record-source.js';

/**
 * Batch size: large enough to be fast, small enough that neither a kernel's records nor a hostile
 * archive fill the memory.
 */
const maxBatchRecords = 1_000;
const maxBatchBytes = 32 * 1024 * 1024;
/**
 * Share of an archive's records that may disappear at once: a tenth, or a few. More is more likely
 * a broken export than so many withdrawals.
 */
const maxGoneShare = 0.1;
const maxGoneAlways = 20;

/** Counts of one reading of records. */
export interface ReadCounts {
  records: number;
  changed: number;
  rejected: number;
  incomplete: number;
  gone: number;
  /** Modification time of the newest record, ISO 8601; null without records. */
  newest: string | null;
}

export interface ReadOptions {
  keeper: AdvisoryKeeper;
  listener: ReadingListener;
  /** Whether any number of records that a whole archive lacks is deleted. */
  acceptsRemovals: boolean;
}

/**
 * Writes new records; while a batch is written, the next one is read.
 * @throws InvalidInput when an archive cannot be read, or has no record at all
 */
export async function readRecords(source: AdvisoryRecords, options: ReadOptions): Promise<ReadCounts> {
  const run = new Reading(source, options);
  await run.read();
  return run.result;
}

class Reading {
  readonly result: ReadCounts = { records: 0, changed: 0, rejected: 0, incomplete: 0, gone: 0, newest: null };
  /** Ids of whole archives; those of other sources are not needed. */
  readonly #present = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly source: AdvisoryRecords,
    private readonly options: ReadOptions,
  ) {}

  async read(): Promise<void> {
    try {
      for await (const batch of batchesOf(this.source.records())) {
        const fresh = await this.#freshOf(batch);
        await this.#writing;
        this.#writing = this.#put(fresh);
        // Awaited before the next one; until then a failure must not end the process.
        this.#writing.catch(() => undefined);
      }
    } finally {
      await this.#writing;
    }
    const { records, rejected } = this.result;
    if (records === 0 && rejected > 0) throw noneReadable(rejected);
    if (this.source.isWhole) await this.#retire();
    if (this.source.gone) await this.#delete(this.source.gone);
  }

  /** Deletes records that their publisher lists as deleted. */
  async #delete(gone: readonly string[]): Promise<void> {
    const { name, ecosystem } = this.source;
    const listed = new Set(gone);
    const known = (await this.options.keeper.idsOf(ecosystem ?? name)).filter((id) => listed.has(id));
    if (known.length > 0) await this.options.keeper.retire(ecosystem ?? name, known);
    this.result.gone += known.length;
  }

  /**
   * Returns the records that may be new or newer: of the others, nearly all after the first sync,
   * only the date is read.
   */
  async #freshOf(batch: readonly RecordItem[]): Promise<OsvAdvisory[]> {
    const { keeper, listener } = this.options;
    const known = await keeper.known(batch.flatMap((item) => stampOf(item)?.id ?? []));
    const fresh: OsvAdvisory[] = [];
    for (const item of batch) {
      const stamp = stampOf(item);
      const isKnown = stamp !== undefined && (known.get(stamp.id) ?? Number.NEGATIVE_INFINITY) >= stamp.time;
      if ('isRemoval' in item && !known.has(item.advisory.id)) this.#noteTime(item.advisory.modified);
      else if (isKnown) this.#count(stamp.id, stamp.modified);
      else this.#read(item, fresh);
    }
    listener.reading(this.source.name, this.result.records);
    return fresh;
  }

  #read(item: RecordItem, fresh: OsvAdvisory[]): void {
    const advisory = 'error' in item ? item.error : 'advisory' in item ? item.advisory : readRecord(item.json);
    if (advisory instanceof TidewaiterError) {
      this.result.rejected += 1;
      // An unreadable record is still present, so it is not deleted.
      this.#present.add(item.name.replace(/^.*\//, '').replace(/\.json$/, ''));
      this.options.listener.rejected(item.name, advisory.message);
      return;
    }
    this.#count(advisory.id, advisory.modified);
    if (advisory.dropped.length > 0) this.result.incomplete += 1;
    fresh.push(advisory);
  }

  #count(id: string, modified: string): void {
    this.result.records += 1;
    if (this.source.isWhole) this.#present.add(id);
    this.#noteTime(modified);
  }

  #noteTime(modified: string): void {
    if (this.result.newest === null || Date.parse(modified) > Date.parse(this.result.newest)) {
      this.result.newest = modified;
    }
  }

  async #put(fresh: readonly OsvAdvisory[]): Promise<void> {
    if (fresh.length > 0) this.result.changed += await this.options.keeper.put(fresh);
  }

  async #retire(): Promise<void> {
    const { keeper, listener, acceptsRemovals } = this.options;
    const { name, ecosystem, owns } = this.source;
    if (this.result.records === 0) throw new InvalidInput('ADVISORIES_EMPTY', 'there is no record in it');
    const ecosystems = [ecosystem ?? name, ...(derivedEcosystems.get(name) ?? [])];
    const ids = await Promise.all(ecosystems.map(async (each) => keeper.idsOf(each)));
    const all = [...new Set(ids.flat())].filter(owns);
    const gone = all.filter((id) => !this.#present.has(id));
    if (gone.length === 0) return;
    if (!acceptsRemovals && gone.length > Math.max(all.length * maxGoneShare, maxGoneAlways)) {
      listener.keptDeleted(name, gone.length, all.length);
      return;
    }
    for (const each of ecosystems) await keeper.retire(each, gone);
    this.result.gone = gone.length;
  }
}

async function* batchesOf(items: AsyncIterable<RecordItem>): AsyncGenerator<RecordItem[]> {
  let batch: RecordItem[] = [];
  let bytes = 0;
  for await (const item of items) {
    batch.push(item);
    bytes += 'error' in item ? 0 : item.sizeBytes;
    if (batch.length < maxBatchRecords && bytes < maxBatchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Id and modification time, by which a known record is recognized; undefined for other JSON. */
function stampOf(item: RecordItem): { id: string; modified: string; time: number } | undefined {
  if ('error' in item) return undefined;
  const json: unknown = 'advisory' in item ? item.advisory : item.json;
  if (typeof json !== 'object' || json === null) return undefined;
  const { id, modified } = json as { id?: unknown; modified?: unknown };
  if (typeof id !== 'string' || typeof modified !== 'string') return undefined;
  const time = Date.parse(modified);
  return Number.isNaN(time) ? undefined : { id, modified, time };
}

function readRecord(json: unknown): OsvAdvisory | InvalidInput {
  try {
    return readOsvRecord(json);
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
}

/** Error for a file without a readable record: it must not make known data look fresh. */
export function noneReadable(rejected: number): InvalidInput {
  const message = rejected === 1 ? 'its only record was rejected' : `all of its ${rejected} records were rejected`;
  return new InvalidInput('ADVISORIES_REJECTED', message);
}
