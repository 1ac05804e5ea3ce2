import { CoveredPlaces } from './covered-places.js';

const place = (sequence: number) => ({ life: 'one', sequence });

describe('CoveredPlaces', () => {
  it('returns the newest snapshot of a time or before', () => {
    const places = new CoveredPlaces();
    expect(places.coveredAt(0)).toBeNull();
    places.add(place(10), 1_000);
    places.add(place(20), 2_000);
    places.add(place(30), 3_000);
    expect(places.coveredAt(999)).toBeNull();
    expect(places.coveredAt(2_500)).toEqual(place(20));
    expect(places.coveredAt(2_500)).toEqual(place(20));
    expect(places.coveredAt(9_000)).toEqual(place(30));
  });
});
