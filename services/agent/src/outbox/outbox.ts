import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

import type { AgentSource } from '@tidewaiter/agent-protocol';
import type { Logger } from '@tidewaiter/runtime';
import {
  isAtOrBehind,
  lockFolder,
  type LogPosition,
  positionIn,
  readNote,
  SegmentLog,
  SpoolBudget,
  writeNote,
} from '@tidewaiter/spool';

import { decodeEntry, encodeEntry, type OutboxEntry } from './outbox-entry.js';

interface OutboxOptions {
  folder: string;
  /** Room for all entries. */
  maxBytes: number;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Events of one source that wait for their common entry. */
interface Pending {
  parts: string[];
  bytes: number;
  events: number;
  atMs: number;
  done: PromiseWithResolvers<void>;
  timer: NodeJS.Timeout;
}

/** An entry that was read, and the place behind it. */
export interface WaitingEntry {
  entry: OutboxEntry;
  next: LogPosition;
}

/** Events wait this long for others, so that they are packed and written together. */
const lingerMs = 100;
const entryBytes = 2 ** 20;
/** Speed matters more than size: 5,000 events a second are packed beside everything else. */
const packing = { level: constants.Z_BEST_SPEED };
const noteEveryMs = 1_000;
const pack = promisify(gzip);

/**
 * Events on the disk of the agent until the hub has them. When there is no room, the oldest are
 * dropped and counted.
 */
export class Outbox {
  readonly #pending = new Map<AgentSource, Pending>();
  /** Flushes one after the other, so that entries of a source stay in order. */
  #flushed: Promise<void> = Promise.resolve();
  #lastEventAt: Date | null = null;
  #notedAt = 0;
  /** Time of the oldest entry that was read last. */
  #oldestMs: number | null = null;
  #droppedAt = 0;
  /** Called with a source whose events were dropped. */
  onDrop: (source: AgentSource) => void = () => undefined;

  private constructor(
    private readonly options: OutboxOptions,
    private readonly release: () => Promise<void>,
    private readonly log: SegmentLog,
    private readonly budget: SpoolBudget,
    private readonly counts: Record<string, number>,
    private sent: LogPosition,
  ) {}

  /** @throws InvalidInput `SPOOL_IN_USE`, `CONFIG_INVALID` */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { folder, log } = options;
    const release = await lockFolder(folder, 'TIDEWAITER_AGENT_DIR');
    // Room is made before an entry is appended, so that the budget itself never refuses.
    const budget = new SpoolBudget(Number.MAX_SAFE_INTEGER);
    const onLoss = () => log.error({ folder }, 'outbox segment damaged');
    const segments = await SegmentLog.open({ folder: `${folder}/events`, budget, log, onLoss });
    const counts = ((await readNote(`${folder}/dropped.json`)) ?? {}) as Record<string, number>;
    const outbox = new Outbox(
      options,
      release,
      segments,
      budget,
      counts,
      positionIn(segments, await segments.lastNote()),
    );
    log.info({ folder, bytes: outbox.waitingBytes }, 'outbox open');
    return outbox;
  }

  /** Bytes on disk. */
  get waitingBytes(): number {
    return this.budget.usedBytes;
  }

  /** Events that were lost, by source. */
  get dropped(): Readonly<Record<string, number>> {
    return this.counts;
  }

  /** Unix time in milliseconds of the last loss; 0 before the first. */
  get droppedAtMs(): number {
    return this.#droppedAt;
  }

  get lastEventAt(): Date | null {
    return this.#lastEventAt;
  }

  /** Whether the hub has everything. */
  get isEmpty(): boolean {
    return this.#pending.size === 0 && isAtOrBehind(this.sent, this.log.end);
  }

  /** Age of the oldest event that the hub does not have, in milliseconds. */
  lagMs(nowMs: number): number {
    if (isAtOrBehind(this.sent, this.log.end)) return 0;
    return Math.max(0, nowMs - (this.#oldestMs ?? nowMs));
  }

  /**
   * Resolves when events are on disk.
   * @param lines events, each with a line break at its end
   * @throws Unavailable `SPOOL_FULL` when the disk cannot be written
   */
  async add(source: AgentSource, lines: string, events: number): Promise<void> {
    this.#lastEventAt = new Date();
    const pending = this.#pending.get(source) ?? this.#begin(source);
    pending.parts.push(lines);
    pending.bytes += lines.length;
    pending.events += events;
    if (pending.bytes >= entryBytes) this.#flush(source);
    return pending.done.promise;
  }

  /** Entries that the hub does not have, oldest first, some `maxBytes` of them. */
  async waiting(maxBytes: number): Promise<WaitingEntry[]> {
    const entries = await this.log.read(this.sent, maxBytes);
    const decoded = entries.map(({ content, next }) => ({ entry: decodeEntry(content), next }));
    this.#oldestMs = decoded[0]?.entry.atMs ?? null;
    return decoded;
  }

  /** Number of writes so far, for {@link nextWrite}. */
  get writes(): number {
    return this.log.writes;
  }

  /** Resolves when entries are added after `writes`, after a time, or when the signal aborts. */
  async nextWrite(writes: number, signal: AbortSignal, withinMs: number): Promise<void> {
    return this.log.nextWrite(writes, signal, withinMs);
  }

  /** Forgets entries that the hub has. After a crash the last second of them is sent again. */
  async acknowledge(next: LogPosition): Promise<void> {
    this.sent = next;
    const isAtEnd = isAtOrBehind(next, this.log.end);
    if (!isAtEnd && performance.now() < this.#notedAt + noteEveryMs) return;
    this.#notedAt = performance.now();
    await this.log.note(next);
    if (isAtEnd) await this.log.closeSegment();
    await this.log.dropBefore(next);
    this.sent = later(next, this.log.start);
  }

  /** Counts events that are lost. */
  async count(source: AgentSource, events: number): Promise<void> {
    this.counts[source] = (this.counts[source] ?? 0) + events;
    this.#droppedAt = Date.now();
    await writeNote(`${this.options.folder}/dropped.json`, this.counts);
  }

  /** Lets one reader have the outbox at a time, as two applications run during a reload. */
  async claim(): Promise<() => void> {
    return this.log.claim();
  }

  async close(): Promise<void> {
    for (const source of [...this.#pending.keys()]) this.#flush(source);
    await this.#flushed;
    await this.log.note(this.sent);
    await this.log.close();
    await this.release();
  }

  #begin(source: AgentSource): Pending {
    const done = Promise.withResolvers<void>();
    // A sensor may have gone away meanwhile, and nothing else handles the error.
    done.promise.catch(() => undefined);
    const timer = setTimeout(() => this.#flush(source), lingerMs);
    const pending = { parts: [], bytes: 0, events: 0, atMs: Date.now(), done, timer };
    this.#pending.set(source, pending);
    return pending;
  }

  #flush(source: AgentSource): void {
    const pending = this.#pending.get(source);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.#pending.delete(source);
    this.#flushed = this.#flushed.then(async () => this.#append(source, pending));
  }

  async #append(source: AgentSource, { parts, events, atMs, done }: Pending): Promise<void> {
    try {
      const lines = Buffer.from(parts.join(''));
      const packed = await pack(lines, packing);
      const content = encodeEntry({ source, atMs, events, bytes: lines.length, packed });
      await this.#makeRoom(content.length);
      await this.log.append(content);
      done.resolve();
    } catch (error) {
      done.reject(error);
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    while (this.budget.usedBytes > 0 && this.budget.usedBytes + bytes > this.options.maxBytes) {
      if (this.log.closedSegments.length === 0) await this.log.closeSegment();
      const [oldest] = this.log.closedSegments;
      if (oldest === undefined) return;
      await this.#dropSegment(oldest);
    }
  }

  async #dropSegment(segment: number): Promise<void> {
    const lost = new Map<AgentSource, number>();
    const behind = { segment: segment + 1, offset: 0 };
    for (let at = later(this.sent, { segment, offset: 0 }); !isAtOrBehind(at, behind);) {
      const entries = await this.log.read(at, entryBytes);
      if (entries.length === 0 || entries[0]!.next.segment !== segment) break;
      for (const { content } of entries) {
        const { source, events } = decodeEntry(content);
        lost.set(source, (lost.get(source) ?? 0) + events);
      }
      at = entries.at(-1)!.next;
    }
    this.sent = later(this.sent, behind);
    await this.log.drop(segment);
    if (lost.size > 0)
      this.options.log.warn({ events: Object.fromEntries(lost) }, 'outbox full, oldest events dropped');
    for (const [source, events] of lost) {
      await this.count(source, events);
      this.onDrop(source);
    }
  }
}

function later(a: LogPosition, b: LogPosition): LogPosition {
  return isAtOrBehind(a, b) ? a : b;
}
