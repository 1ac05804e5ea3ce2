import { Injectable } from '@nestjs/common';
import { advisoryKeyOf, blindSpots, matchPackage, scopeName } from '@tidewaiter/advisories';
import { decodeFacts, fileJudgement, inventory } from '@tidewaiter/analyzers';
import { type Digest, LimitExceeded, type OsRelease } from '@tidewaiter/domain';
import { decodeEntries, overlay } from '@tidewaiter/oci';
import {
  Advisories,
  type FleetMatch,
  type Image,
  Images,
  Store,
  type Transaction,
  type UnmatchedPackage,
  type Warning,
} from '@tidewaiter/store';

import { Analysis } from './analysis.js';
import { PackageOutliers } from './package-outliers.js';

/** Matches that one image may bring: thousands of packages of the source that has the most advisories make millions. */
const maxMatches = 200_000;

/** Makes an image's inventory from what is known of its layers, and matches its packages. */
@Injectable()
export class ImageAssembly {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly advisories: Advisories,
    private readonly outliers: PackageOutliers,
    private readonly analysis: Analysis,
  ) {}

  /** Brings an image up to what its layers and the advisories say now. */
  async update({ digest, analyzersVersion }: Image): Promise<void> {
    if (analyzersVersion !== this.analysis.version) await this.assemble(digest);
    await this.match(digest);
  }

  /** Folds the layers of an image, which must all be read. Repeating it changes nothing. */
  async assemble(digest: Digest): Promise<void> {
    const layers = (await this.images.layers(digest)).map(({ facts, entries, ...layer }) => ({
      ...layer,
      facts: decodeFacts(facts),
      entries: decodeEntries(entries),
    }));
    const view = overlay(layers.map(({ entries }) => entries));
    const { os, packages, warnings } = inventory(layers, view);
    const judged = packages.map((each) => ({ ...each, key: advisoryKeyOf(each, os) }));
    const { findings: own, programs } = fileJudgement(layers, view, this.analysis.options);
    await this.store.transaction(async (tx) => {
      const findings = [...own, ...(await this.outliers.find(tx, digest, packages, programs))];
      await this.images.analyzed(tx, digest, this.analysis.version, { os, packages: judged, warnings, findings });
    });
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
      const matches: FleetMatch[] = [];
      for (const packages of Map.groupBy(unmatched, ({ key }) => scopeName(key)).values()) {
        await this.#addMatches(tx, packages, matches);
      }
      const ids = unmatched.map(({ id }) => id);
      await this.advisories.matched(tx, ids, currentChange, matches);
    });
  }

  /** Why "nothing found" would mean nothing for an image of this distribution. */
  async blindSpots(digest: Digest, os: OsRelease | null): Promise<Warning[]> {
    const packages = await this.advisories.scoped(digest);
    const scopes = new Map(packages.flatMap(({ scope }) => (scope ? [[scopeName(scope), scope]] : [])));
    return blindSpots(packages, os, await this.advisories.covered([...scopes.values()]));
  }

  async #addMatches(tx: Transaction, packages: readonly UnmatchedPackage[], matches: FleetMatch[]): Promise<void> {
    const names = new Set(packages.flatMap(({ key }) => key.names));
    const candidates = await this.advisories.candidates(tx, { ...packages[0]!.key, names: [...names] });
    const byName = Map.groupBy(candidates, ({ name }) => name);
    for (const { id, key, ...each } of packages) {
      const named = key.names.flatMap((name) => byName.get(name) ?? []);
      for (const match of matchPackage(each, key, named)) matches.push({ ...match, packageId: id });
      if (matches.length > maxMatches)
        throw new LimitExceeded('maxMatches', `more than ${maxMatches} advisories hit packages of one image`);
    }
  }
}
