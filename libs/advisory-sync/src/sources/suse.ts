import { suseVex } from '@tidewaiter/advisories';

import { type FeedSource, withoutSlash } from './feed-source.js';
import { vexFeed } from './vex-feed.js';

/** Own statements of SUSE, as CSAF VEX documents. The archive is beside their folder. */
export const suse: FeedSource = {
  name: 'suse',
  content: "SUSE's CSAF VEX: `changes.csv`, a document for each CVE, `csaf-vex.tar.bz2` beside the folder",
  publicUrl: 'https://ftp.suse.com/pub/projects/security/csaf-vex',
  isUsual: false,
  ...vexFeed({
    name: 'SUSE VEX',
    format: suseVex,
    idPrefix: 'SUSE-',
    documentPath: /^cve-\d{4}-\d{4,19}\.json$/i,
    archive: async (url) => ({ url: `${withoutSlash(url)}.tar.bz2`, since: null }),
  }),
};
