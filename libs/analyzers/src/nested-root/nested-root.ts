import type { Analyzer } from '../analyzer.js';

const database =
  /\/(?:var\/lib\/dpkg\/status(?:\.d\/[^/]+(?<!\.md5sums))?|lib\/apk\/db\/installed|(?:var\/lib|usr\/lib\/sysimage|usr\/share)\/rpm\/(?:Packages|Packages\.db|rpmdb\.sqlite))$/;
/** The image's own database of apk where `lib` is merged into `usr`. */
const ownDatabase = 'usr/lib/apk/db/installed';

/**
 * Package databases of other roots in the image: chroots, unpacked images of container runtimes.
 * Their packages are of other distributions, whose advisories are not looked up: an image with some
 * is not completely evaluated.
 */
export const nestedRoot: Analyzer = {
  name: 'nested-root',
  version: 1,
  wants: (path) => database.test(path) && path !== ownDatabase,
  analyze: ({ content }) =>
    content.length === 0 ? {} : { damage: 'package database of another root: its packages are not evaluated' },
};
