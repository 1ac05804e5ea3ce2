import * as fc from 'fast-check';

import { StreamCoverage } from './stream-coverage.js';

const placesOf = (life: string, sequences: Record<number, number>, readAt = new Date(1_000)) =>
  new Map(Object.entries(sequences).map(([partition, sequence]) => [Number(partition), { life, sequence, readAt }]));
const at = (ms: number) => new Date(ms).toISOString();
const none = new Map<number, number>();

/** Two segments, of which the stream `a` has everything. */
function twoSegments(): StreamCoverage {
  const coverage = new StreamCoverage();
  coverage.compare({ life: 'a', sequence: 0 });
  coverage.published(0, 1, { segment: 1, offset: 10 });
  coverage.published(5, 2, { segment: 1, offset: 20 });
  coverage.published(0, 3, { segment: 2, offset: 10 });
  return coverage;
}
const log = [
  { number: 1, bytes: 20 },
  { number: 2, bytes: 10 },
];

describe('StreamCoverage', () => {
  it('has a segment covered when snapshots cover each of its partitions', () => {
    const coverage = twoSegments();
    expect(coverage.isCovered(1, placesOf('a', { 0: 1 }))).toBe(false);
    expect(coverage.isCovered(1, placesOf('a', { 0: 1, 5: 1 }))).toBe(false);
    expect(coverage.isCovered(1, placesOf('a', { 0: 1, 5: 2 }))).toBe(true);
    expect(coverage.isCovered(2, placesOf('a', { 0: 1, 5: 2 }))).toBe(false);
    expect(coverage.isCovered(1, placesOf('b', { 0: 9, 5: 9 }))).toBe(false);
  });

  it('continues behind the last entry that was published', () => {
    const coverage = twoSegments();
    expect(coverage.next(log)).toBeNull();
    expect(coverage.next([...log, { number: 3, bytes: 5 }])).toEqual({ segment: 3, offset: 0 });
    expect(coverage.next([log[0]!, { number: 2, bytes: 30 }])).toEqual({ segment: 2, offset: 10 });
    // Damage from its start on.
    expect(coverage.next([...log, { number: 3, bytes: 0 }])).toBeNull();
  });

  it.each([
    ['another one', { life: 'b', sequence: 9 }],
    ['shorter than it was', { life: 'a', sequence: 1 }],
  ])('begins again with what snapshots do not cover when the stream is %s', (_, end) => {
    const coverage = twoSegments();
    expect(coverage.compare({ life: 'a', sequence: 3 })).toBe(false);
    coverage.cover(1, placesOf('a', { 0: 1, 5: 2 }));
    expect(coverage.again({ segment: 1, offset: 20 })).not.toBeNull();
    expect(coverage.compare(end)).toBe(true);
    expect(coverage.next(log)).toEqual({ segment: 2, offset: 0 });
    expect(coverage.compare(end)).toBe(false);
  });

  it('publishes again what was covered after the copy was made to which PostgreSQL was restored', () => {
    const coverage = twoSegments();
    coverage.cover(1, placesOf('a', { 0: 1, 5: 2 }, new Date(1_000)));
    coverage.cover(2, placesOf('a', { 0: 3 }, new Date(2_000)));
    expect(coverage.covered()).toEqual([1, 2]);
    expect(coverage.covered(new Date(1_500))).toEqual([1]);
    coverage.compare({ life: 'b', sequence: 0 });
    expect(coverage.uncover({ recognizedAt: at(9_000), copyOf: at(1_500) }, none)).toEqual([2]);
    expect(coverage.next(log)).toEqual({ segment: 2, offset: 0 });
    expect(coverage.again({ segment: 2, offset: 10 })).toBe(at(9_000));
    expect(coverage.isNewRestore(at(9_000))).toBe(false);
  });

  it('does not publish again what the stream still has after a restore', () => {
    const coverage = twoSegments();
    for (const segment of [1, 2]) coverage.cover(segment, placesOf('a', { 0: 3, 5: 2 }));
    const starts = new Map([
      [0, 3],
      [5, 2],
    ]);
    expect(coverage.uncover({ recognizedAt: at(9_000), copyOf: at(0) }, starts)).toEqual([1]);
    expect(coverage.covered()).toEqual([]);
  });

  it('continues from its note, and from the start without a readable one', () => {
    const coverage = twoSegments();
    expect(new StreamCoverage().note()).toBeNull();
    coverage.cover(1, placesOf('a', { 0: 1, 5: 2 }));
    const restored = new StreamCoverage(JSON.parse(JSON.stringify(coverage.note())));
    expect(restored.note()).toEqual(coverage.note());
    expect(restored.next(log)).toBeNull();
    fc.assert(
      fc.property(fc.jsonValue(), (note) => {
        expect(new StreamCoverage(note).next(log)).toEqual({ segment: 1, offset: 0 });
      }),
    );
  });

  it('leaves no entry without a copy, whatever is published, lost, purged, covered and restored', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ append: fc.nat(2) }) },
      { weight: 3, arbitrary: fc.constant('publish') },
      fc.constantFrom('lose', 'snapshot', 'purge', 'copy', 'restore', 'check'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const system = new System();
        for (const each of steps) {
          if (typeof each === 'object') system.append(each.append);
          else system[each as 'publish']();
        }
        system.check();
        system.publishAll();
        expect(system.withoutCopy()).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});

interface Stored {
  /** Entries whose alerts PostgreSQL has. */
  evaluated: Set<number>;
  places: Map<number, { life: string; sequence: number; readAt: Date }>;
  atMs: number;
}

const entriesOfSegment = 3;
const placeOf = (entry: number) => ({
  segment: Math.ceil(entry / entriesOfSegment),
  offset: ((entry - 1) % entriesOfSegment) + 1,
});

/** Model of spool, stream, detector and PostgreSQL. */
class System {
  readonly #coverage = new StreamCoverage();
  /** Partition of each entry. */
  readonly #entries: number[] = [];
  #life = 1;
  #sequence = 0;
  #stream: { partition: number; entry: number; sequence: number }[] = [];
  #stored: Stored = { evaluated: new Set(), places: new Map(), atMs: 0 };
  #copy: Stored = this.#stored;
  #restoredTo: Stored | null = null;
  #clockMs = 0;

  constructor() {
    this.check();
  }

  append(partition: number): void {
    this.#entries.push(partition);
  }

  publish(): void {
    const next = this.#coverage.next(this.#log);
    if (next === null) return;
    const entry = (next.segment - 1) * entriesOfSegment + next.offset + 1;
    const partition = this.#entries[entry - 1]!;
    this.#sequence += 1;
    this.#stream.push({ partition, entry, sequence: this.#sequence });
    this.#coverage.published(partition, this.#sequence, placeOf(entry));
  }

  publishAll(): void {
    while (this.#coverage.next(this.#log) !== null) this.publish();
  }

  lose(): void {
    this.#stream = [];
    this.#life += 1;
    this.#sequence = 0;
  }

  snapshot(): void {
    const { evaluated, places } = this.#stored;
    const read = this.#unread();
    this.#stored = {
      evaluated: new Set([...evaluated, ...read.map(({ entry }) => entry)]),
      places: new Map(places),
      atMs: 0,
    };
    for (const { partition, sequence } of read)
      this.#stored.places.set(partition, { life: String(this.#life), sequence, readAt: new Date(0) });
  }

  /** As a full stream: the detector purges what its snapshot covers. */
  purge(): void {
    const unread = new Set(this.#unread());
    this.#stream = this.#stream.filter((message) => unread.has(message));
  }

  copy(): void {
    if (this.#restoredTo === null) this.#copy = { ...this.#stored, atMs: (this.#clockMs += 1) };
  }

  restore(): void {
    this.#stored = this.#restoredTo = this.#copy;
  }

  check(): void {
    const coverage = this.#coverage;
    const now = new Date((this.#clockMs += 1));
    coverage.compare({ life: String(this.#life), sequence: this.#sequence });
    if (this.#restoredTo) {
      const starts = new Map(this.#stream.toReversed().map(({ partition, sequence }) => [partition, sequence]));
      coverage.uncover({ recognizedAt: now.toISOString(), copyOf: at(this.#restoredTo.atMs) }, starts);
      this.#restoredTo = null;
    }
    const places = new Map(
      [...this.#stored.places].map(([partition, place]) => [partition, { ...place, readAt: now }]),
    );
    for (const segment of this.#log)
      if (segment.bytes === entriesOfSegment && coverage.isPublished(segment)) coverage.cover(segment.number, places);
  }

  /** Entries that are neither evaluated nor will be. */
  withoutCopy(): number[] {
    const unread = new Set(this.#unread().map(({ entry }) => entry));
    const all = this.#entries.map((_, index) => index + 1);
    return all.filter((entry) => !unread.has(entry) && !this.#stored.evaluated.has(entry));
  }

  /** Messages that a detector has still to read, from its snapshots on. */
  #unread() {
    return this.#stream.filter(({ partition, sequence }) => {
      const place = this.#stored.places.get(partition);
      return place?.life !== String(this.#life) || sequence > place.sequence;
    });
  }

  get #log() {
    const count = this.#entries.length;
    return Array.from({ length: Math.ceil(count / entriesOfSegment) }, (_, index) => ({
      number: index + 1,
      bytes: Math.min(entriesOfSegment, count - index * entriesOfSegment),
    }));
  }
}
