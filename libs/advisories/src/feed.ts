import { type KevList, kevLists } from './kev.js';

/** State of one source of advisories, or of facts about their exploitation. */
export interface AdvisoryFeed {
  /**
   * Name of the ecosystem, as in the folders of the OSV bucket; `KEV`, `KEV ENISA`, `EPSS`; `End of
   * life`; else the end of the path of an import.
   */
  name: string;
  /** URL or path it was last read from. */
  origin: string;
  /** HTTP validators for conditional requests; null for files. */
  etag: string | null;
  lastModified: string | null;
  /**
   * Time up to which everything published is known, ISO 8601: the last request to a server, or the
   * date of a file itself.
   */
  asOf: string;
  /** Times of the last read or unchanged check, and of the last change; ISO 8601. */
  checkedAt: string;
  changedAt: string;
  records: number;
  rejected: number;
}

/** Feeds other than ecosystems. */
export const kevFeed = 'KEV';
/** Feeds of the lists of exploited vulnerabilities. */
const kevFeeds: Readonly<Record<KevList, string>> = {
  CISA: kevFeed,
  ENISA: 'KEV ENISA',
  VulnCheck: 'KEV VulnCheck',
};
export const epssFeed = 'EPSS';
export const endOfLifeFeed = 'End of life';
/** Feed of the ecosystem `Red Hat`, whose advisories depend on it. */
export const repositoryFeed = 'Red Hat repositories';

/** Feed of a list of exploited vulnerabilities. */
export function kevFeedOf(list: KevList): string {
  return kevFeeds[list];
}

/** List of exploited vulnerabilities of a feed; undefined for another feed. */
export function kevListOf(feed: string): KevList | undefined {
  return kevLists.find((list) => kevFeeds[list] === feed);
}

/** Whether a feed has facts beside advisories. */
export function isFactFeed(name: string): boolean {
  return kevListOf(name) !== undefined || name === epssFeed || name === endOfLifeFeed;
}

/** Content of an advisory store, for display and for the age of a verdict. */
export interface AdvisoryHoldings {
  advisories: number;
  ecosystems: EcosystemHoldings[];
  feeds: AdvisoryFeed[];
  /** Number of vulnerabilities that are known to be exploited, and of those with a score. */
  kev: number;
  epss: number;
  /** Number of products with releases whose support ends. */
  endOfLife: number;
  /** Number of repositories whose products are known. */
  repositories: number;
}

export interface EcosystemHoldings {
  ecosystem: string;
  records: number;
  packages: number;
}
