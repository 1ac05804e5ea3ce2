import { MalformedFile } from '@tidewaiter/domain';

import type { Analyzer } from '../analyzer.js';
import { deb822Stanzas } from '../deb822.js';
import { readText } from '../document.js';
import { linesOf } from '../package-database.js';

/** apt ignores files of other names: `ubuntu.sources.dpkg-dist`, `bookworm.list.save`. */
const configuration = /^etc\/apt\/(?:sources\.list|sources\.list\.d\/[\w.-]{1,200}\.(?:list|sources))$/;

const maxBytes = 1024 * 1024;
const maxSuites = 200;

/** Repository in the configuration of apt. */
interface Source {
  address: string;
  suite: string;
  components: readonly string[];
}

/**
 * Suites of Debian and Ubuntu that apt gets packages from, without those of third parties.
 * @see https://manpages.debian.org/sources.list.5
 */
export const aptSources: Analyzer = {
  name: 'apt-sources',
  version: 1,
  maxBytes,
  wants: (path) => configuration.test(path),
  analyze: ({ path, content }) => {
    const text = readText(content, maxBytes).replaceAll('\r', '');
    const suites = new Set<string>();
    for (const source of path.endsWith('.sources') ? readStanzas(text) : readLines(text)) {
      if (isOfDistribution(source)) suites.add(source.suite);
      if (suites.size > maxSuites) throw new MalformedFile(`more than ${maxSuites} suites`);
    }
    return suites.size === 0 ? {} : { suites: [...suites].map((suite) => ({ suite })) };
  },
};

/** `deb [arch=amd64 signed-by=/k.gpg] https://ftp.debian.org/debian bookworm main # comment` */
function* readLines(text: string): Generator<Source> {
  for (const line of linesOf(text)) {
    const [, rest] = /^\s{0,99}deb\s{1,99}(?:\[[^\]]{0,4096}\]\s{1,99})?(\S.{0,4096})$/.exec(line) ?? [];
    const [address = '', suite, ...components] = (rest?.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (suite !== undefined) yield { address, suite, components };
  }
}

/** Stanzas of fields with several words each: every address with every suite. */
function* readStanzas(text: string): Generator<Source> {
  for (const fields of deb822Stanzas(text, used)) {
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    const isDisabled = /^(?:no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? '');
    if (isDisabled || !words('types').includes('deb')) continue;
    const components = words('components');
    for (const address of words('uris')) {
      for (const suite of words('suites')) yield { address, suite, components };
    }
  }
}

/** Fields that may have several lines; a key in `Signed-By` has hundreds. */
const used: ReadonlySet<string> = new Set(['types', 'uris', 'suites', 'components']);

const ownComponents: ReadonlySet<string> = new Set(
  'main contrib non-free non-free-firmware restricted universe multiverse'.split(' '),
);
const ownHosts = /^[a-z+]{1,20}:\/\/(?:[\w.-]{1,200}\.)?(?:debian\.org|ubuntu\.com)(?::\d{1,5})?(?:\/|$)/i;
/** Mirrors have the folders of the distribution: `…/mirror/debian/`, also of a day. */
const ownFolders =
  /(?:^|[/:])(?:debian|debian-security|debian-archive|ubuntu|ubuntu-ports)(?:\.list)?(?:\/\d{8}T\d{6}Z)?\/?$/i;
/** Archives of single projects with the same folders. */
const foreignHosts = /:\/\/(?:[\w.-]{1,200}\.)?(?:launchpad\.net|launchpadcontent\.net)(?:[:/]|$)/i;

/** Other repositories use the names of suites, too: `https://download.docker.com/linux/debian`. */
function isOfDistribution({ address, suite, components }: Source): boolean {
  const isOwn = ownHosts.test(address) || (ownFolders.test(address) && !foreignHosts.test(address));
  return isOwn && /^[a-z][a-z0-9/-]{0,99}$/.test(suite) && components.some((each) => ownComponents.has(each));
}
