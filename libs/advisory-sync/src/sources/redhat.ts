import { redHatVex } from '@tidewaiter/advisories';
import { InvalidInput } from '@tidewaiter/domain';

import { type FeedSource, withoutSlash } from './feed-source.js';
import { textAt, vexFeed } from './vex-feed.js';

const archiveFile = 'archive_latest.txt';

/** Red Hat's own statements, as CSAF VEX documents: the old feed and the new one of 2026. */
export const redhat: FeedSource = {
  name: 'redhat',
  content: "Red Hat's CSAF VEX: `changes.csv`, `deletions.csv`, an archive, a document for each CVE",
  publicUrl: 'https://security.access.redhat.com/data/csaf/v2/vex',
  isUsual: false,
  ...vexFeed({
    name: 'Red Hat VEX',
    format: redHatVex,
    idPrefix: 'REDHAT-',
    documentPath: /^\d{4}\/cve-\d{4}-\d{4,19}\.json$/,
    archive: async (url, tools) => {
      const name = (await textAt(url, archiveFile, tools)).trim();
      const since = /^[\w.-]{1,100}?_(\d{4}-\d{2}-\d{2})\.tar\.zst$/.exec(name)?.[1];
      if (since === undefined) throw new InvalidInput('FEED_INDEX', `${archiveFile} names no archive`);
      return { url: `${withoutSlash(url)}/${name}`, since };
    },
  }),
};
