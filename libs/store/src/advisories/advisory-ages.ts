import { Injectable } from '@nestjs/common';
import {
  type EcosystemAge,
  ecosystemAges,
  exploitationAges,
  maxAdvisoryAgeMs,
  type SourceAge,
  sourceAges,
} from '@tidewaiter/advisories';
import type { Digest } from '@tidewaiter/domain';

import { Store } from '../core/store.js';
import { Advisories } from './advisories.js';
import { AdvisoryFeeds } from './advisory-feeds.js';

export interface CurrentAge extends EcosystemAge {
  ageSeconds: number;
  isStale: boolean;
}

/** Age of the advisory data that packages are evaluated by. */
@Injectable()
export class AdvisoryAges {
  constructor(
    private readonly store: Store,
    private readonly advisories: Advisories,
    private readonly feeds: AdvisoryFeeds,
  ) {}

  /** Current age of every ecosystem that has advisories, and of KEV and EPSS. */
  async all(): Promise<CurrentAge[]> {
    const rows = await this.store.aggregate<{ ecosystem: string }>('SELECT ecosystem FROM advisory_ecosystem');
    const feeds = await this.feeds.feeds();
    const names = rows.map(({ ecosystem }) => ecosystem);
    const ages: EcosystemAge[] = [
      ...ecosystemAges(feeds, names),
      ...exploitationAges(feeds).map(({ ecosystem, asOf }) => ({ ecosystem, asOf })),
    ];
    const now = Date.now();
    return ages.map((age) => {
      const ageMs = Math.max(0, now - Date.parse(age.asOf));
      return { ...age, ageSeconds: Math.round(ageMs / 1000), isStale: ageMs > maxAdvisoryAgeMs };
    });
  }

  /** Dates of KEV and EPSS. */
  async ofExploitation(): Promise<SourceAge[]> {
    return exploitationAges(await this.feeds.feeds());
  }

  /**
   * Ages of the sources that evaluate packages of some images; ecosystems without any advisory are
   * left out.
   */
  async ofImages(digests: readonly Digest[]): Promise<SourceAge[]> {
    const scopes = await this.store.aggregate<{ ecosystem: string; release: string | null }>(
      `SELECT DISTINCT ecosystem, release FROM image_package JOIN package ON package.id = package_id
       WHERE image_digest = ANY($1) AND state = 'present' AND ecosystem IS NOT NULL`,
      [digests],
    );
    if (scopes.length === 0) return [];
    const covered = await this.advisories.covered(scopes);
    return sourceAges(
      await this.feeds.feeds(),
      covered.map(({ ecosystem }) => ecosystem),
    );
  }
}
