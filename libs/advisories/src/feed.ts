/** What is known of one place that advisories, or facts about their exploitation, come from. */
export interface AdvisoryFeed {
  /** The ecosystem, as the OSV bucket names its folders; `KEV`; `EPSS`; else what the path of an import ends in. */
  name: string;
  /** URL or path it was last read from. */
  origin: string;
  /** Validators of HTTP, for asking whether there is something newer; null of files. */
  etag: string | null;
  lastModified: string | null;
  /** Everything published until then is known, ISO 8601: when a server was last asked, or what a file itself says. */
  asOf: string;
  /** When it was last read or found unchanged, and when it last brought something; ISO 8601. */
  checkedAt: string;
  changedAt: string;
  records: number;
  rejected: number;
}

/** The feeds that are no ecosystem. */
export const kevFeed = 'KEV';
export const epssFeed = 'EPSS';

/** How much a store of advisories holds, for people and for the age of a verdict. */
export interface AdvisoryHoldings {
  advisories: number;
  ecosystems: EcosystemHoldings[];
  feeds: AdvisoryFeed[];
  /** Vulnerabilities that are known to be exploited, and those with a score. */
  kev: number;
  epss: number;
}

export interface EcosystemHoldings {
  ecosystem: string;
  records: number;
  packages: number;
}
