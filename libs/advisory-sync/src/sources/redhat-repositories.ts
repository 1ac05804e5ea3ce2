import { repositoryFeed } from '@tidewaiter/advisories';

import { type FeedSource, singleFile } from './feed-source.js';

/** Limit on the map, which has some 3 MB. */
const maxMapBytes = 64 * 1024 * 1024;

/** Products that the repositories of Red Hat belong to. */
export const redhatRepositories: FeedSource = {
  name: 'redhat-repositories',
  content: "Red Hat's map of repositories to CPEs, `repository-to-cpe.json`",
  publicUrl: 'https://security.access.redhat.com/data/meta/v1/repository-to-cpe.json',
  isUsual: true,
  feeds: async (url) => [
    singleFile(repositoryFeed, url, maxMapBytes, (path) => ({ kind: 'repositories', name: repositoryFeed, path })),
  ],
};
