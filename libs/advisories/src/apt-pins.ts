/** Record of apt's preferences about the packages of a release. */
export interface AptPin {
  /** Patterns of names; `*` alone means every package, with less weight than any other pattern. */
  packages: string[];
  /** Conditions on the release, all of which must hold: `n=sid`, `o=Debian*`, `trixie`. */
  release: string[];
  /** Priority; apt installs nothing of a negative one. */
  priority: number;
}

/** Names of a package that pins may be about. */
interface NamedPackage {
  name: string;
  source: { name: string };
}

/** Priority of a suite without any pin. */
const usualPriority = 500;

/**
 * Suites that packages of a name can come from. A negative priority excludes a suite. Pins that
 * name packages decide if they prefer a suite to all others. Any other priority decides nothing: it
 * is there to be overruled, by `apt-get install -t sid`.
 * @param origin `Debian` or `Ubuntu`, as Release files name it
 * @see https://manpages.debian.org/apt_preferences.5
 */
export function pinnedSuites(
  suites: readonly string[],
  pins: readonly AptPin[],
  pkg: NamedPackage,
  origin: string,
): readonly string[] {
  if (pins.length === 0) return suites;
  const named = pins.filter(({ packages }) => packages.some((pattern) => pattern !== '*' && names(pattern, pkg)));
  const general = pins.filter(({ packages }) => packages.includes('*'));
  const rated = suites.map((suite) => {
    const own = named.find(isAbout(suite, origin));
    const pin = own ?? general.find(isAbout(suite, origin));
    return { suite, priority: pin?.priority ?? usualPriority, isNamed: own !== undefined };
  });
  const allowed = rated.filter(({ priority }) => priority >= 0);
  const top = Math.max(...allowed.map(({ priority }) => priority));
  const best = allowed.filter(({ priority }) => priority === top);
  const left = best.every(({ isNamed }) => isNamed) ? best : allowed;
  // An installed package is from some suite, even if all are excluded now.
  return left.length === 0 ? suites : left.map(({ suite }) => suite);
}

const isAbout =
  (suite: string, origin: string) =>
  ({ release }: AptPin): boolean =>
    release.length > 0 && release.every((condition) => isOfSuite(condition, suite, origin));

/** `curl`, `libssl*`, `curl:amd64`, `src:openssl`. */
function names(pattern: string, { name, source }: NamedPackage): boolean {
  const [, ofSource] = /^src:(.+)$/.exec(pattern) ?? [];
  if (ofSource !== undefined) return matchesGlob(ofSource, source.name);
  return matchesGlob(pattern.replace(/:[a-z0-9-]+$/, ''), name);
}

/**
 * Fields of the Release file of a suite of Debian, as far as they are certain: `stable` and
 * `testing` are other suites at other times.
 */
const debianFields: ReadonlyMap<string, { archive?: string; codename?: string }> = new Map([
  ['experimental', { archive: 'experimental', codename: 'rc-buggy' }],
  ['rc-buggy', { archive: 'experimental', codename: 'rc-buggy' }],
  ['sid', { archive: 'unstable', codename: 'sid' }],
  ['testing', { archive: 'testing' }],
  ['unstable', { archive: 'unstable', codename: 'sid' }],
]);

function fieldsOf(suite: string, origin: string): { archive?: string; codename?: string } {
  if (origin === 'Ubuntu') return { archive: suite, codename: suite.split('-', 1)[0]! };
  return debianFields.get(suite) ?? { codename: suite.replace(/\/updates$/, '') };
}

/** Whether a condition certainly holds for a suite; no Release file is at hand. */
function isOfSuite(condition: string, suite: string, origin: string): boolean {
  const [, field, value = condition] = /^([a-z])=(.*)$/.exec(condition) ?? [];
  const { archive, codename } = fieldsOf(suite, origin);
  const own = { a: [archive], n: [codename], o: [origin] }[field ?? ''] ?? (field ? [] : [archive, codename]);
  return own.some((each) => each !== undefined && matchesGlob(value, each));
}

/** Matches `*` and `?`, as fnmatch, with one way back: to the last star. */
function matchesGlob(pattern: string, text: string): boolean {
  let [at, from, star, retry] = [0, 0, -1, 0];
  while (from < text.length) {
    if (pattern[at] === '*') {
      [star, retry] = [at, from];
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      retry += 1;
      [at, from] = [star + 1, retry];
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
