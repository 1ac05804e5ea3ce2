import { Injectable } from '@nestjs/common';
import { advisoryKeyOf, distributionOf, matchPackage } from '@tidewaiter/advisories';
import { decodeFacts, fileFindings, inventory } from '@tidewaiter/analyzers';
import { type Digest, type ImagePackage, LimitExceeded, type OsRelease } from '@tidewaiter/domain';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import {
  Advisories,
  Images,
  type JudgedPackage,
  type PackageMatch,
  Store,
  type Transaction,
  type UnmatchedPackage,
  type Warning,
} from '@tidewaiter/store';

import { Analysis } from './analysis.js';

/** Matches that one image may bring: thousands of packages of the source that has the most advisories make millions. */
const maxMatches = 200_000;

/** Makes an image's inventory from what is known of its layers, and matches its packages. */
@Injectable()
export class ImageAssembly {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly advisories: Advisories,
    private readonly analysis: Analysis,
  ) {}

  /** Folds the layers of an image, which must all be read. Repeating it changes nothing. */
  async assemble(digest: Digest): Promise<void> {
    const layers = (await this.images.layers(digest)).map(({ facts, entries, ...layer }) => ({
      ...layer,
      facts: decodeFacts(facts),
      entries: decodeEntries(entries),
    }));
    const view = overlay(layers.map(({ entries }) => entries));
    const { os, packages, warnings } = inventory(layers, view);
    const judged = packages.map((each) => withEcosystem(each, os));
    const findings = fileFindings(layers, view, this.analysis.options);
    await this.store.transaction((tx) =>
      this.images.analyzed(tx, digest, this.analysis.version, { os, packages: judged, warnings, findings }),
    );
  }

  /**
   * Matches the packages of an image that were never matched, or not since advisories last changed.
   * @throws LimitExceeded `maxMatches`
   */
  async match(digest: Digest): Promise<void> {
    await this.store.transaction(async (tx) => {
      const currentChange = await this.advisories.currentChange(tx);
      const unmatched = await this.advisories.unmatched(tx, digest, currentChange);
      if (unmatched.length === 0) return;
      const matches: PackageMatch[] = [];
      for (const packages of Map.groupBy(unmatched, ({ ecosystem, release }) => `${ecosystem}:${release}`).values()) {
        await this.#addMatches(tx, packages, matches);
      }
      const ids = unmatched.map(({ id }) => id);
      await this.advisories.matched(tx, ids, currentChange, matches);
    });
  }

  /** Why "nothing found" would mean nothing for an image of this distribution. */
  async blindSpots(os: OsRelease | null): Promise<Warning[]> {
    if (!os) return [{ code: 'OS_UNKNOWN', message: 'no distribution recognised; its packages cannot be judged' }];
    const distribution = distributionOf(os);
    if (!distribution) return [{ code: 'OS_UNKNOWN', message: `no advisories are known for ${os.name}` }];
    const { ecosystem, release } = distribution;
    if (await this.advisories.covers(ecosystem, release)) return [];
    return [{ code: 'ADVISORIES_MISSING', message: `no advisories for ${ecosystem}:${release} are loaded` }];
  }

  async #addMatches(tx: Transaction, packages: readonly UnmatchedPackage[], matches: PackageMatch[]): Promise<void> {
    const { ecosystem, release } = packages[0]!;
    const distribution = { ecosystem, release: release ?? '' };
    const names = new Set(packages.flatMap((each) => advisoryKeyOf(each, distribution).names));
    const candidates = Map.groupBy(
      await this.advisories.candidates(tx, { ecosystem, release }, [...names]),
      ({ name }) => name,
    );
    for (const each of packages) {
      const named = advisoryKeyOf(each, distribution).names.flatMap((name) => candidates.get(name) ?? []);
      for (const match of matchPackage(each, distribution, named)) matches.push({ ...match, packageId: each.id });
      if (matches.length > maxMatches)
        throw new LimitExceeded('maxMatches', `more than ${maxMatches} advisories hit packages of one image`);
    }
  }
}

/** Says whose advisories judge a package; a package of a foreign kind is judged by nobody's. */
function withEcosystem(each: ImagePackage, os: OsRelease | null): JudgedPackage {
  const distribution = os && distributionOf(os);
  const isJudged = distribution !== null && advisoryKeyOf(each, distribution).names.length > 0;
  return {
    ...each,
    ecosystem: isJudged ? distribution.ecosystem : null,
    release: isJudged ? distribution.release : null,
  };
}
