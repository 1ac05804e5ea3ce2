import { Injectable } from '@nestjs/common';
import {
  type AdvisoryFeed,
  type BlindSpot,
  endOfLifeAges,
  exploitationAges,
  isTooOld,
  type SourceAge,
  sourceAges,
  staleAdvisories,
  staleEndOfLife,
  staleExploitation,
} from '@tidewaiter/advisories';
import type { Digest } from '@tidewaiter/domain';

import { Store } from '../core/store.js';
import { isCovered } from './advisories.js';
import { AdvisoryFeeds } from './advisory-feeds.js';
import { MaxAdvisoryAges } from './max-advisory-ages.js';

export interface CurrentAge extends SourceAge {
  ageSeconds: number;
  isStale: boolean;
}

/** Age of the advisory data that packages are evaluated by. */
@Injectable()
export class AdvisoryAges {
  constructor(
    private readonly store: Store,
    private readonly feeds: AdvisoryFeeds,
    private readonly max: MaxAdvisoryAges = new MaxAdvisoryAges(),
  ) {}

  /** Current age of every source by ecosystem, and of KEV, EPSS and the ends of support. */
  async all(): Promise<CurrentAge[]> {
    const rows = await this.store.aggregate<{ ecosystem: string }>('SELECT ecosystem FROM advisory_ecosystem');
    const feeds = await this.feeds.feeds();
    const names = rows.map(({ ecosystem }) => ecosystem);
    const now = new Date();
    return [...sourceAges(feeds, names), ...exploitationAges(feeds), ...endOfLifeAges(feeds)].map((age) => ({
      ...age,
      ageSeconds: Math.round(Math.max(0, now.getTime() - Date.parse(age.asOf)) / 1000),
      isStale: isTooOld(age, now, this.max.limits),
    }));
  }

  /** State of all sources, for the questions below. */
  async sources(): Promise<AdvisoryFeed[]> {
    return this.feeds.feeds();
  }

  /**
   * Ages of the sources that evaluate packages of some images; ecosystems without any advisory are
   * left out.
   */
  async ofImages(digests: readonly Digest[], sources: readonly AdvisoryFeed[]): Promise<SourceAge[]> {
    const covered = await this.store.aggregate<{ ecosystem: string }>(
      `SELECT DISTINCT ecosystem FROM (
         SELECT DISTINCT ecosystem, release FROM image_package JOIN package ON package.id = package_id
         WHERE image_digest = ANY($1) AND state = 'present' AND ecosystem IS NOT NULL) AS scope
       WHERE ${isCovered}`,
      [digests],
    );
    return sourceAges(
      sources,
      covered.map(({ ecosystem }) => ecosystem),
    );
  }

  /** Warnings about sources that are too old. */
  stale(ages: readonly SourceAge[], now: Date): BlindSpot[] {
    return staleAdvisories(ages, now, this.max.limits);
  }

  /** Warnings about KEV and EPSS, which rank vulnerabilities. */
  staleExploitation(sources: readonly AdvisoryFeed[], now: Date): BlindSpot[] {
    return staleExploitation(exploitationAges(sources), now, this.max.limits);
  }

  /** Warning about the ends of support. */
  staleEndOfLife(sources: readonly AdvisoryFeed[], now: Date): BlindSpot[] {
    return staleEndOfLife(endOfLifeAges(sources), now, this.max.limits);
  }
}
