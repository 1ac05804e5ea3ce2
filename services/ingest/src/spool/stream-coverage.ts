import type { StreamPlace } from '@tidewaiter/bus';

import type { LogPosition } from './segment-log.js';

/** LogPosition up to which the snapshot of a partition covers the stream. */
export type SnapshotPlaces = ReadonlyMap<number, StreamPlace>;

/** The state of {@link StreamCoverage} as it is noted on disk. */
interface Note {
  position: LogPosition;
  life: string;
  highest: number;
  segments: [segment: number, sequences: [partition: number, sequence: number][]][];
}

/**
 * Knows which segments of the spool the stream has, and which of them the snapshots of the detector
 * cover. Of each segment only the highest sequence of each partition is remembered, because
 * snapshots cover a partition up to a sequence.
 */
export class StreamCoverage {
  /** Place behind the last entry that the stream has on disk. */
  position: LogPosition;
  #life: string | null = null;
  #highest = 0;
  #segments = new Map<number, Map<number, number>>();

  constructor(start: LogPosition, note: unknown = null) {
    this.position = start;
    if (isNote(note)) this.#restore(note, start);
  }

  /**
   * Notes the sequence that the stream gave to an entry of a partition, and the place behind the
   * entry.
   */
  published(partition: number, sequence: number, next: LogPosition): void {
    const sequences = this.#segments.get(next.segment) ?? new Map<number, number>();
    sequences.set(partition, Math.max(sequence, sequences.get(partition) ?? 0));
    this.#segments.set(next.segment, sequences);
    this.#highest = Math.max(this.#highest, sequence);
    this.position = next;
  }

  /**
   * Compares with the end of the stream, asked for after every entry above was published. If the
   * stream is another one, or shorter than it was, everything is to be published again from `start`
   * on: then it returns true.
   */
  compare(end: StreamPlace, start: LogPosition): boolean {
    const isLost = this.#life !== null && (end.life !== this.#life || end.sequence < this.#highest);
    this.#life = end.life;
    if (!isLost) return false;
    this.position = start;
    this.#highest = 0;
    this.#segments = new Map();
    return true;
  }

  /** Whether snapshots cover every entry of a segment, all of which were published. */
  isCovered(segment: number, places: SnapshotPlaces): boolean {
    // A segment without an entry that can be read has nothing to wait for.
    return [...(this.#segments.get(segment) ?? [])].every(([partition, sequence]) => {
      const place = places.get(partition);
      return place !== undefined && place.life === this.#life && sequence <= place.sequence;
    });
  }

  forget(segment: number): void {
    this.#segments.delete(segment);
  }

  note(): Note | null {
    if (this.#life === null) return null;
    const segments = [...this.#segments].map(
      ([segment, sequences]) => [segment, [...sequences]] as Note['segments'][0],
    );
    return { position: this.position, life: this.#life, highest: this.#highest, segments };
  }

  #restore({ position, life, highest, segments }: Note, start: LogPosition): void {
    this.#life = life;
    this.#highest = highest;
    this.#segments = new Map(
      segments.filter(([segment]) => segment >= start.segment).map(([segment, each]) => [segment, new Map(each)]),
    );
    if (position.segment >= start.segment) this.position = position;
  }
}

/** A note that is damaged, or of another version, only costs that entries are published again. */
function isNote(note: unknown): note is Note {
  const { position, life, highest, segments } = (note ?? {}) as Partial<Note>;
  return (
    typeof life === 'string' &&
    Number.isSafeInteger(highest) &&
    Number.isSafeInteger(position?.segment) &&
    Number.isSafeInteger(position?.offset) &&
    Array.isArray(segments) &&
    segments.every((each) => Array.isArray(each) && Array.isArray(each[1]))
  );
}
