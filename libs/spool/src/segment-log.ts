import { type FileHandle, mkdir, open, readdir, readFile, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { Unavailable } from '@tidewaiter/domain';
import type { Logger } from '@tidewaiter/runtime';

import { readNote, writeNote } from './note.js';
import { entryAt, frameOf, maxEntryBytes } from './segment-codec.js';
import type { SpoolBudget } from './spool-budget.js';

/** A place in the log, behind everything before it. */
export interface LogPosition {
  segment: number;
  offset: number;
}

/** An entry that was read, and the place behind it. */
export interface StoredEntry {
  content: Buffer;
  next: LogPosition;
}

/** A file of the log. */
export interface LogSegment {
  number: number;
  /** Bytes that can be read. */
  bytes: number;
}

interface Segment extends LogSegment {
  /** Bytes that are on disk for good. */
  bytes: number;
  /** Offset of damage, behind which nothing can be read. */
  damagedAt?: number;
}

interface Waiting {
  frame: Buffer;
  resolve(): void;
  reject(error: unknown): void;
}

/** A note beside the segments, which may all be deleted. */
interface Note {
  /** Number of the newest segment so far. */
  lastNumber: number;
  value: unknown;
}

interface LogOptions {
  folder: string;
  budget: SpoolBudget;
  log: Pick<Logger, 'warn' | 'error'>;
  /** Counts entries that are damaged on disk. */
  onLoss(): void;
}

/** Size from which on a segment gets no more entries; it is deleted as a whole. */
const segmentBytes = 8 * 2 ** 20;
/** Size limit of one write. */
const writeBytes = 4 * 2 ** 20;
const noteName = 'position.json';
const segmentName = /^(\d{10})\.log$/;

/**
 * Log of entries in files of a folder, appended only. An entry is on disk before its append
 * resolves; entries that arrive meanwhile share the next write.
 */
export class SegmentLog {
  /** Oldest first; the last one is written to while {@link #handle} is open. */
  readonly #segments: Segment[];
  #lastNumber: number;
  #handle: FileHandle | undefined;
  /** Whether the last write failed: an outage is logged once. */
  #isFailing = false;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #writes = 0;
  readonly #awaiting = new Set<() => void>();
  #claims: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: LogOptions,
    segments: Segment[],
    notedNumber: number,
  ) {
    this.#segments = segments;
    this.#lastNumber = Math.max(segments.at(-1)?.number ?? 0, notedNumber);
    for (const { bytes } of segments) options.budget.add(bytes);
  }

  /** Opens the log of a folder, and cuts an entry that a crash left unfinished. */
  static async open(options: LogOptions): Promise<SegmentLog> {
    const { folder, log } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const numbers = (await readdir(folder)).flatMap((name) => segmentName.exec(name)?.[1] ?? []).map(Number);
    const segments: Segment[] = [];
    for (const number of numbers.toSorted((a, b) => a - b)) {
      segments.push({ number, bytes: (await stat(pathOf(folder, number))).size });
    }
    const last = segments.at(-1);
    if (last) {
      const wholeBytes = await wholeBytesOf(pathOf(folder, last.number));
      if (wholeBytes < last.bytes) {
        log.warn({ segment: last.number, bytes: last.bytes - wholeBytes }, 'spool tail cut');
        await truncate(pathOf(folder, last.number), wholeBytes);
        last.bytes = wholeBytes;
      }
    }
    return new SegmentLog(options, segments, (await noteIn(folder)).lastNumber);
  }

  /** Place of the oldest entry. */
  get start(): LogPosition {
    return { segment: this.#segments[0]?.number ?? this.#lastNumber + 1, offset: 0 };
  }

  /** Place behind the newest entry. */
  get end(): LogPosition {
    const last = this.#segments.at(-1);
    return last ? { segment: last.number, offset: last.bytes } : this.start;
  }

  /** All segments, oldest first. */
  get segments(): LogSegment[] {
    return this.#segments.map(({ number, bytes, damagedAt }) => ({ number, bytes: damagedAt ?? bytes }));
  }

  /** Numbers of the segments that get no more entries, oldest first. */
  get closedSegments(): number[] {
    const closed = this.#handle ? this.#segments.slice(0, -1) : this.#segments;
    return closed.map(({ number }) => number);
  }

  /**
   * Resolves when the entry is on disk.
   * @throws Unavailable `SPOOL_FULL` when there is no room for it
   */
  async append(content: Uint8Array): Promise<void> {
    const frame = frameOf(content);
    if (content.length > maxEntryBytes) throw new Unavailable('SPOOL_FULL', 'the entry is too large for the spool');
    this.options.budget.take(frame.length);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ frame, resolve, reject });
    this.#flushing ??= this.#flush().finally(() => (this.#flushing = undefined));
    return promise;
  }

  /** Reads the entries from a place on, some `maxBytes` of them; none at the end. */
  async read(from: LogPosition, maxBytes: number): Promise<StoredEntry[]> {
    // A copy, as segments are dropped meanwhile.
    for (const segment of [...this.#segments]) {
      if (segment.number < from.segment) continue;
      const offset = segment.number === from.segment ? from.offset : 0;
      if (offset >= (segment.damagedAt ?? segment.bytes)) continue;
      const entries = await this.#readSegment(segment, offset, maxBytes);
      if (entries.length > 0) return entries;
    }
    return [];
  }

  /**
   * Waits until no other reader has the log, as two applications do during a reload; returns its
   * release.
   */
  async claim(): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#claims;
    this.#claims = before.then(async () => promise);
    await before;
    return resolve;
  }

  /** Number of writes so far, for {@link nextWrite}. */
  get writes(): number {
    return this.#writes;
  }

  /**
   * Resolves when there have been more than `writes` writes, after a time, or when the signal
   * aborts. Leaves nothing behind: a reader may wait every second for months.
   */
  async nextWrite(writes: number, signal: AbortSignal, withinMs?: number): Promise<void> {
    if (this.#writes > writes || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = withinMs === undefined ? undefined : setTimeout(resolve, withinMs).unref();
    const end = () => resolve();
    signal.addEventListener('abort', end);
    this.#awaiting.add(end);
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    this.#awaiting.delete(end);
  }

  /** Closes the segment that is written to: the next entry begins another one. */
  async closeSegment(): Promise<void> {
    await this.#flushing;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** Deletes the closed segments of which everything is before a place. */
  async dropBefore({ segment, offset }: LogPosition): Promise<void> {
    const closed = new Set(this.closedSegments);
    for (const { number, bytes } of [...this.#segments]) {
      const isRead = number < segment || (number === segment && offset >= bytes);
      if (isRead && closed.has(number)) await this.drop(number);
    }
  }

  /** Deletes a closed segment. */
  async drop(number: number): Promise<void> {
    const index = this.#segments.findIndex((each) => each.number === number);
    const [segment] = index < 0 ? [] : this.#segments.splice(index, 1);
    if (!segment) return;
    this.options.budget.free(segment.bytes);
    await unlink(pathOf(this.options.folder, number)).catch(() => undefined);
  }

  /**
   * Notes how far readers are. Segments that are made later, also by the next process, have numbers
   * that no place in the note has.
   */
  async note(value: unknown): Promise<void> {
    const note: Note = { lastNumber: this.#lastNumber, value };
    await writeNote(join(this.options.folder, noteName), note);
  }

  async lastNote(): Promise<unknown> {
    return (await noteIn(this.options.folder)).value;
  }

  async close(): Promise<void> {
    await this.closeSegment();
  }

  async #flush(): Promise<void> {
    // Requests of the same moment share a write.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      const frames = batch.map(({ frame }) => frame);
      const bytes = frames.reduce((sum, { length }) => sum + length, 0);
      try {
        const { handle, segment } = await this.#writable();
        await handle.writeFile(frames.length === 1 ? frames[0]! : Buffer.concat(frames, bytes));
        await handle.datasync();
        segment.bytes += bytes;
      } catch (cause) {
        this.options.budget.free(bytes);
        await this.#abandon(cause);
        const error = new Unavailable('SPOOL_FULL', 'the spool cannot be written', { cause });
        for (const { reject } of batch) reject(error);
        continue;
      }
      this.#isFailing = false;
      for (const { resolve } of batch) resolve();
      this.#writes += 1;
      for (const end of this.#awaiting) end();
    }
  }

  #take(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { frame } of this.#waiting) {
      if (count > 0 && bytes + frame.length > writeBytes) break;
      count += 1;
      bytes += frame.length;
    }
    return this.#waiting.splice(0, count);
  }

  async #writable(): Promise<{ handle: FileHandle; segment: Segment }> {
    const last = this.#segments.at(-1);
    if (this.#handle && last && last.bytes < segmentBytes) return { handle: this.#handle, segment: last };
    await this.#handle?.close();
    this.#handle = undefined;
    const segment = { number: this.#lastNumber + 1, bytes: 0 };
    const { folder } = this.options;
    this.#handle = await open(pathOf(folder, segment.number), 'wx', 0o600);
    this.#lastNumber = segment.number;
    this.#segments.push(segment);
    await syncFolder(folder);
    return { handle: this.#handle, segment };
  }

  /** After a failed write it is unknown what is on disk behind the last good entry. */
  async #abandon(failure: unknown): Promise<void> {
    const last = this.#segments.at(-1);
    if (!this.#isFailing) this.options.log.error({ segment: last?.number, err: failure }, 'spool write failed');
    this.#isFailing = true;
    const handle = this.#handle;
    this.#handle = undefined;
    if (!handle || !last) return;
    await handle.truncate(last.bytes).catch(() => undefined);
    await handle.close().catch(() => undefined);
    if (last.bytes > 0) return;
    this.#segments.pop();
    await unlink(pathOf(this.options.folder, last.number)).catch(() => undefined);
  }

  async #readSegment(segment: Segment, offset: number, maxBytes: number): Promise<StoredEntry[]> {
    const { number } = segment;
    const size = segment.damagedAt ?? segment.bytes;
    const handle = await open(pathOf(this.options.folder, number), 'r');
    try {
      let bytes = await readBytes(handle, offset, Math.min(maxBytes, size - offset));
      if (entryAt(bytes, 0) === 'cut' && offset + bytes.length < size) {
        bytes = await readBytes(handle, offset, Math.min(maxEntryBytes + maxBytes, size - offset));
      }
      const entries: StoredEntry[] = [];
      for (let at = 0; ;) {
        const entry = entryAt(bytes, at);
        if (typeof entry !== 'string') {
          entries.push({ content: entry.content, next: { segment: number, offset: offset + entry.end } });
          at = entry.end;
          continue;
        }
        const isEnd = entry === 'end' || (entry === 'cut' && offset + bytes.length < size);
        if (!isEnd) this.#lose(segment, offset + at);
        return entries;
      }
    } finally {
      await handle.close();
    }
  }

  /** The rest of a segment behind damage cannot be read: its entries have no place of their own. */
  #lose(segment: Segment, offset: number): void {
    segment.damagedAt = offset;
    this.options.onLoss();
    this.options.log.error({ segment: segment.number, offset, bytes: segment.bytes - offset }, 'spool segment damaged');
  }
}

/** Whether a place is behind another, or the same. */
export function isAtOrBehind(a: LogPosition, b: LogPosition): boolean {
  return a.segment > b.segment || (a.segment === b.segment && a.offset >= b.offset);
}

/** A noted place if the log still has it, else that of its oldest entry. */
export function positionIn(log: SegmentLog, note: unknown): LogPosition {
  const { segment, offset } = (note ?? {}) as Partial<LogPosition>;
  const place = { segment: Number(segment), offset: Number(offset) };
  return isAtOrBehind(place, log.start) && isAtOrBehind(log.end, place) ? place : log.start;
}

/** Notes of earlier releases had no number: they may be about another segment of the same name. */
async function noteIn(folder: string): Promise<Note> {
  const { lastNumber, value } = ((await readNote(join(folder, noteName))) ?? {}) as Partial<Note>;
  return Number.isSafeInteger(lastNumber) ? { lastNumber: lastNumber!, value } : { lastNumber: 0, value: null };
}

function pathOf(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(10, '0')}.log`);
}

async function wholeBytesOf(path: string): Promise<number> {
  const bytes = await readFile(path);
  for (let offset = 0; ;) {
    const entry = entryAt(bytes, offset);
    if (typeof entry === 'string') return offset;
    offset = entry.end;
  }
}

async function readBytes(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(buffer, read, length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

/** A new file is found after a crash only if its folder is on disk, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
