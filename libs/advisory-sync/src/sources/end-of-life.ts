import { endOfLifeFeed } from '@tidewaiter/advisories';

import { type FeedSource, singleFile } from './feed-source.js';

/** Limit on the answer; the public one has 5 MB. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Ends of support of the releases of distributions, runtimes and programs. */
export const endOfLife: FeedSource = {
  name: 'endoflife',
  content: "endoflife.date's products in JSON",
  publicUrl: 'https://endoflife.date/api/v1/products/full',
  isUsual: true,
  feeds: async (url) => [
    singleFile(endOfLifeFeed, url, maxAnswerBytes, (path) => ({ kind: 'end-of-life', name: endOfLifeFeed, path })),
  ],
};
