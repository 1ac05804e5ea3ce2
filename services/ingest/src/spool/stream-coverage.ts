import type { StreamPlace } from '@tidewaiter/bus';
import { isAtOrBehind, type LogPosition, type LogSegment } from '@tidewaiter/spool';
import { z } from 'zod';

/** Position up to which the snapshot of a partition covers the stream, and when it was read. */
export interface SnapshotPlace extends StreamPlace {
  readAt: Date;
}

export type SnapshotPlaces = ReadonlyMap<number, SnapshotPlace>;

/** A segment of the spool of which the stream has something. */
interface Published {
  /** Life of that stream. */
  life: string;
  /** Offset behind the last entry that it has on disk. */
  upTo: number;
  /** First and last sequence that the stream gave to the entries of a partition. */
  ranges: Map<number, [first: number, last: number]>;
  /** Time by which PostgreSQL had snapshots that cover all of it, ISO 8601; null without. */
  coveredAt: string | null;
}

const count = z.int().nonnegative();

/** State of {@link StreamCoverage} as it is noted on disk. */
const noteSchema = z.object({
  life: z.string(),
  highest: count,
  frontier: z.object({ segment: count, offset: count }),
  restoredAt: z.string(),
  segments: z.array(
    z.object({
      number: count,
      life: z.string(),
      upTo: count,
      ranges: z.array(z.tuple([count, z.tuple([count, count])])),
      coveredAt: z.iso.datetime().nullable(),
    }),
  ),
});

/**
 * Knows which segments of the spool the stream has, and which of them the snapshots of the detector
 * cover. Of each segment only the range of sequences of each partition is remembered, because
 * snapshots cover a partition up to a sequence.
 */
export class StreamCoverage {
  #life: string | null = null;
  /** Highest sequence that the stream gave. */
  #highest = 0;
  /** Place behind the last entry that any stream had. */
  #frontier: LogPosition = { segment: 0, offset: 0 };
  /** Time of the last recognized restore of PostgreSQL, ISO 8601. */
  #restoredAt = '';
  #segments = new Map<number, Published>();

  /** A note that is damaged, or of another version, only costs that entries are published again. */
  constructor(note: unknown = null) {
    const { data } = noteSchema.safeParse(note);
    if (!data) return;
    this.#life = data.life;
    this.#highest = data.highest;
    this.#frontier = data.frontier;
    this.#restoredAt = data.restoredAt;
    this.#segments = new Map(
      data.segments.map(({ number, ...each }) => [number, { ...each, ranges: new Map(each.ranges) }]),
    );
  }

  /** Place of the next entry to publish; null if the stream has all. */
  next(log: readonly LogSegment[]): LogPosition | null {
    const segment = log.find((each) => !this.isPublished(each));
    return segment ? { segment: segment.number, offset: this.#segments.get(segment.number)?.upTo ?? 0 } : null;
  }

  isPublished({ number, bytes }: LogSegment): boolean {
    const { upTo = 0, coveredAt = null } = this.#segments.get(number) ?? {};
    return coveredAt !== null || upTo >= bytes;
  }

  /**
   * Suffix for the id of a message that a stream had before, by the place behind its entry; null
   * for others. Under the same id the stream would drop it as a duplicate for two minutes, also
   * when the detector has purged the first one.
   */
  again(next: LogPosition): string | null {
    return isAtOrBehind(this.#frontier, next) ? this.#restoredAt : null;
  }

  /**
   * Notes the sequence that the stream gave to an entry of a partition, and the place behind the
   * entry.
   */
  published(partition: number, sequence: number, { segment, offset }: LogPosition): void {
    const published = this.#segments.get(segment) ?? newlyPublished(this.#life ?? '');
    const [first, last] = published.ranges.get(partition) ?? [sequence, sequence];
    // A message that the stream had already keeps its earlier sequence.
    published.ranges.set(partition, [Math.min(first, sequence), Math.max(last, sequence)]);
    published.upTo = offset;
    this.#segments.set(segment, published);
    this.#highest = Math.max(this.#highest, sequence);
    if (!isAtOrBehind(this.#frontier, { segment, offset })) this.#frontier = { segment, offset };
  }

  /**
   * Compares with the end of the stream, asked for after every entry above was published. Returns
   * true if the stream is another one, or shorter than it was: what no snapshot covers is then to
   * be published again.
   */
  compare(end: StreamPlace): boolean {
    const isLost = this.#life !== null && (end.life !== this.#life || end.sequence < this.#highest);
    this.#life = end.life;
    if (!isLost) return false;
    this.#highest = 0;
    for (const [number, { coveredAt }] of this.#segments) if (coveredAt === null) this.#segments.delete(number);
    return true;
  }

  /**
   * Marks a segment that was published as a whole, if snapshots cover every entry of it: it is not
   * published again when the stream is lost.
   */
  cover(number: number, places: SnapshotPlaces): void {
    const published = this.#segments.get(number) ?? newlyPublished(this.#life ?? '');
    if (published.coveredAt !== null || !this.isCovered(number, places)) return;
    const times = [...published.ranges.keys()].map((partition) => places.get(partition)!.readAt.getTime());
    // A segment without an entry that can be read has nothing to be kept for.
    published.coveredAt = new Date(Math.max(0, ...times)).toISOString();
    this.#segments.set(number, published);
  }

  /** Whether snapshots cover what was published of a segment. */
  isCovered(number: number, places: SnapshotPlaces): boolean {
    const { life, ranges = [] } = this.#segments.get(number) ?? {};
    return [...ranges].every(([partition, [, last]]) => {
      const place = places.get(partition);
      return place !== undefined && place.life === life && last <= place.sequence;
    });
  }

  /** Segments that snapshots cover, oldest first; those that they covered before a time. */
  covered(before: Date | null = null): number[] {
    const isMeant = ({ coveredAt }: Published) =>
      coveredAt !== null && (before === null || coveredAt < before.toISOString());
    return [...this.#segments].flatMap(([number, each]) => (isMeant(each) ? number : [])).toSorted((a, b) => a - b);
  }

  /** Whether {@link uncover} was not called yet for this restore of PostgreSQL. */
  isNewRestore(recognizedAt: string): boolean {
    return recognizedAt > this.#restoredAt;
  }

  /**
   * Takes back what snapshots covered after the copy was made to which PostgreSQL was restored.
   * Returns the segments that are to be published again: the stream is another one, or the detector
   * has purged their first messages.
   * @param starts the first message that the stream has of each partition
   */
  uncover(
    { recognizedAt, copyOf }: { recognizedAt: string; copyOf: string },
    starts: ReadonlyMap<number, number>,
  ): number[] {
    this.#restoredAt = recognizedAt;
    const again: number[] = [];
    for (const [number, published] of this.#segments) {
      if (published.coveredAt !== null && published.coveredAt < copyOf) continue;
      published.coveredAt = null;
      const isComplete = [...published.ranges].every(
        ([partition, [first]]) => first >= (starts.get(partition) ?? Infinity),
      );
      if (published.life === this.#life && isComplete) continue;
      this.#segments.delete(number);
      again.push(number);
    }
    return again;
  }

  forget(segment: number): void {
    this.#segments.delete(segment);
  }

  /** State for the constructor; null before the stream was seen. */
  note(): z.input<typeof noteSchema> | null {
    if (this.#life === null) return null;
    const segments = [...this.#segments].map(([number, { ranges, ...each }]) => ({
      number,
      ...each,
      ranges: [...ranges],
    }));
    return {
      life: this.#life,
      highest: this.#highest,
      frontier: this.#frontier,
      restoredAt: this.#restoredAt,
      segments,
    };
  }
}

function newlyPublished(life: string): Published {
  return { life, upTo: 0, ranges: new Map(), coveredAt: null };
}
