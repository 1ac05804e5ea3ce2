import { documentsSource } from '../record-source.js';
import { type FeedSource, singleFile } from './feed-source.js';

/** Limit on the file, packed. */
const maxOvalBytes = 1024 * 1024 * 1024;
const ecosystem = 'Oracle Linux';

/** Advisories of all releases of Oracle Linux in one file. */
export const oracle: FeedSource = {
  name: 'oracle',
  content: "Oracle's OVAL file of all releases, bzip2",
  publicUrl: 'https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2',
  isUsual: true,
  feeds: async (url) => [
    singleFile(ecosystem, url, maxOvalBytes, (path) =>
      documentsSource({
        ...{ name: ecosystem, path, ecosystem, isWhole: true, files: [path] },
        owns: (id) => id.startsWith('ELSA-'),
      }),
    ),
  ],
};
