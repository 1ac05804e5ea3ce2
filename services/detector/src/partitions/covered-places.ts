import type { StreamPlace } from '@tidewaiter/bus';

/** Snapshots of a partition by their time, oldest first. */
export class CoveredPlaces {
  #places: { place: StreamPlace; atMs: number }[] = [];

  add(place: StreamPlace, atMs: number): void {
    this.#places.push({ place, atMs });
  }

  /** Newest place that a snapshot covered at a time; null without one. Drops older ones. */
  coveredAt(timeMs: number): StreamPlace | null {
    const next = this.#places.findIndex(({ atMs }) => atMs > timeMs);
    const newest = (next < 0 ? this.#places.length : next) - 1;
    if (newest < 0) return null;
    this.#places = this.#places.slice(newest);
    return this.#places[0]!.place;
  }
}
