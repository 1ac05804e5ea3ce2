import type { AdvisoryFeed } from '@tidewaiter/advisories';

import type { DownloadedFile } from '../download.js';
import type { AdvisorySource } from '../record-source.js';

/** Names of the sources, as in `--source` and `TIDEWAITER_ADVISORIES_SOURCES`. */
export type SourceName =
  | 'osv'
  | 'kev'
  | 'vulncheck-kev'
  | 'eu-kev'
  | 'epss'
  | 'endoflife'
  | 'nvd'
  | 'amazon'
  | 'amazon-ami'
  | 'oracle'
  | 'redhat'
  | 'redhat-repositories'
  | 'suse';

/** Publisher of advisories or facts about them, with the layout of its files. */
export interface FeedSource {
  name: SourceName;
  /** Content, for the documentation. */
  content: string;
  /** Null where the publisher has no address for everyone. */
  publicUrl: string | null;
  /** Whether a sync that names no source fetches it. */
  isUsual: boolean;
  /** File that lists its feeds, for messages; absent if the source is a single file. */
  index?: string;
  /**
   * Feeds at an address, to be fetched one by one.
   * @throws NotFound, Unavailable, InvalidInput when the list of its feeds cannot be read
   */
  feeds: (url: string, tools: SyncTools) => Promise<RemoteFeed[]>;
  /** Feeds in a folder with the same files; none where the folder has another layout. */
  inFolder?: (folder: string) => Promise<AdvisorySource[]>;
}

/** Downloads of a running sync. */
export interface SyncTools {
  /** Ecosystems of the bucket; all of its list if null. */
  ecosystems: readonly string[] | null;
  download: (request: FileRequest) => Promise<DownloadedFile | null>;
}

export interface FileRequest {
  /** Name for the progress; none for small files. */
  name: string | null;
  url: string;
  maxBytes: number;
  /** Validators of the known content: then null is returned if nothing is newer. */
  known: Pick<AdvisoryFeed, 'etag' | 'lastModified'> | null;
}

export interface RemoteFeed {
  name: string;
  /** Address for the state of the feed; it may contain a password. */
  url: string;
  /** Fetches what is new since the state before, of the same address; null if nothing is. */
  fetch: (before: AdvisoryFeed | null, tools: SyncTools) => Promise<FetchedFeed | null>;
}

/** New content of a feed in local files. */
export interface FetchedFeed extends Pick<AdvisoryFeed, 'etag' | 'lastModified'> {
  source: AdvisorySource;
  remove: () => Promise<void>;
}

/** Feed of a single file, which is requested with the validators of the last one. */
export function singleFile(
  name: string,
  url: string,
  maxBytes: number,
  sourceOf: (path: string) => AdvisorySource,
): RemoteFeed {
  return {
    name,
    url,
    fetch: async (known, tools) => {
      const file = await tools.download({ name, url, maxBytes, known });
      return file && { ...file, source: sourceOf(file.path), remove: async () => file.remove() };
    },
  };
}

export function withoutSlash(url: string): string {
  return url.replace(/(?<!\/)\/+$/, '');
}
