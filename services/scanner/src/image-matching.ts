import { Injectable } from '@nestjs/common';
import { blindSpots, scopeName } from '@tidewaiter/advisories';
import { type Digest, LimitExceeded, type OsRelease } from '@tidewaiter/domain';
import { Advisories, type FleetMatch, FleetMatches, Store, type Warning } from '@tidewaiter/store';

import { matchPackages } from './match-packages.js';

/** Matches that one image may bring: thousands of packages of the source that has the most advisories make millions. */
const maxMatches = 200_000;

/** Matches the packages of an image with advisories. */
@Injectable()
export class ImageMatching {
  constructor(
    private readonly store: Store,
    private readonly advisories: Advisories,
    private readonly fleet: FleetMatches,
  ) {}

  /**
   * Matches the packages of an image that are new to the fleet.
   * @throws LimitExceeded `maxMatches`
   */
  async match(digest: Digest): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.fleet.hold(tx);
      const unmatched = await this.fleet.unmatched(tx, digest);
      if (unmatched.length === 0) return;
      const matches: FleetMatch[] = [];
      for (const match of matchPackages(unmatched, await this.fleet.candidatesFor(tx, unmatched))) {
        if (matches.push(match) > maxMatches)
          throw new LimitExceeded('maxMatches', `more than ${maxMatches} advisories hit packages of one image`);
      }
      await this.fleet.rematched(tx, unmatched, matches);
    });
  }

  /** Why "nothing found" would mean nothing for an image of this distribution. */
  async blindSpots(digest: Digest, os: OsRelease | null): Promise<Warning[]> {
    const packages = await this.advisories.scoped(digest);
    const scopes = new Map(packages.flatMap(({ scope }) => (scope ? [[scopeName(scope), scope]] : [])));
    return blindSpots(packages, os, await this.advisories.covered([...scopes.values()]));
  }
}
