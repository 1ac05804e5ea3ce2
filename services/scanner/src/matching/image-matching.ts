import { Injectable } from '@nestjs/common';
import { blindSpots, scopesOf } from '@tidewaiter/advisories';
import type { Digest, OsRelease } from '@tidewaiter/domain';
import { Advisories, FleetMatches, Store, type PushWarning } from '@tidewaiter/store';

import { ScannerConfig } from '../config.js';
import { matchPackages } from './match-packages.js';

/** Matches the packages of an image with advisories. */
@Injectable()
export class ImageMatching {
  constructor(
    private readonly store: Store,
    private readonly advisories: Advisories,
    private readonly fleet: FleetMatches,
    private readonly config: ScannerConfig,
  ) {}

  /**
   * Matches the packages of an image that are new to the fleet, up to a limit. Packages beyond it
   * stay unmatched: the image gets a warning, and the next examination continues with them.
   */
  async match(digest: Digest): Promise<void> {
    // An image of known layers mostly brings no new package, and what is matched stays so.
    if (!(await this.fleet.hasUnmatched(this.store, digest))) return;
    await this.store.transaction(async (tx) => {
      await this.fleet.hold(tx);
      const unmatched = await this.fleet.unmatched(tx, digest);
      if (unmatched.length === 0) return;
      const candidates = await this.fleet.candidatesFor(tx, unmatched);
      const found = matchPackages(unmatched, candidates, await this.fleet.cpesFor(tx, unmatched));
      const { packages, matches } = withinLimit(unmatched, found, this.config.maxMatches);
      await this.fleet.rematched(tx, packages, matches);
    });
  }

  /** Returns the reason why an image of this distribution without findings proves nothing. */
  async blindSpots(digest: Digest, os: OsRelease | null): Promise<PushWarning[]> {
    const packages = await this.advisories.scoped(digest);
    const unmatched = packages.filter(({ isUnmatched }) => isUnmatched).length;
    return [
      ...blindSpots(packages, os, await this.advisories.covered(scopesOf(packages))),
      ...(unmatched > 0 ? [this.#unmatchedWarning(unmatched)] : []),
    ];
  }

  #unmatchedWarning(count: number): PushWarning {
    const message = `${count} packages were not compared with advisories: maxMatches is ${this.config.maxMatches}`;
    return { code: 'LIMIT_EXCEEDED', path: null, message };
  }
}

/** Matches of as many packages as the limit allows; no package keeps only a part of its matches. */
export function withinLimit<P extends { id: string }, M extends { packageId: string }>(
  packages: readonly P[],
  found: Iterable<M>,
  limit: number,
): { packages: readonly P[]; matches: M[] } {
  const matches: M[] = [];
  for (const match of found) {
    if (matches.length === limit) {
      const cut = packages.findIndex(({ id }) => id === match.packageId);
      return {
        packages: packages.slice(0, cut),
        matches: matches.filter(({ packageId }) => packageId !== match.packageId),
      };
    }
    matches.push(match);
  }
  return { packages, matches };
}
