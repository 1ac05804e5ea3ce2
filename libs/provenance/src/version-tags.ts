/** Entry of a tag's ledger, or another tag of the repository with the same digest. */
export interface VersionTag {
  tag: string;
  digest: string;
  /** Milliseconds since 1970. */
  atMs: number;
}

/** Earlier digests of a tag before its last push, and the other tags of these digests. */
export interface TagHistory {
  tag: string;
  /** Earlier entries of this tag, oldest first. */
  earlier: readonly VersionTag[];
  /** Entries of other tags of the repository that point to a digest of `earlier`. */
  alsoNamed: readonly VersionTag[];
}

const dayMs = 86_400_000;
/** Number of moves, each at least a day after the one before, that make a habit. */
const habitualMoves = 2;

/** Names of moving tags: alone, in front of a version or behind it. */
const movingWords =
  'latest|main|master|trunk|head|dev|devel|develop|development|nightly|edge|snapshot|unstable|canary|next|current|tip|feature|bugfix|hotfix|fix|pr|mr|branch|sha|git|commit|x';
const moving = new RegExp(`(?:^|[-_.+])(?:${movingWords})(?=$|[-_.+/])`, 'i');
/** Behind a version, with a number or a date, they name one build: `1.2.3-dev.20261128`. */
const numberedBuild = /\d[-_.+](?:dev|nightly|snapshot|canary|next|sha|git|commit)[-_.]?(?:\d{3,}|[0-9a-f]{7,64})/i;

const prefix = '(?:(?:version|ver|release|rel|build|rev)[-_.]?|[vrb])?';
/** `controller-v1.2.3`, `app-2.0.1`: a component in front needs a `v` or three numbers. */
const component = '(?:[a-z][a-z0-9]*[-_.])*';
const numbers = String.raw`(\d{1,14}(?:[._]\d{1,14})*)`;
const suffix = '((?:[-_.+][0-9a-z][0-9a-z._+-]*)?)';
const plain = new RegExp(`^${prefix}${numbers}${suffix}$`, 'i');
const ofComponent = new RegExp(
  String.raw`^${component}(?:v(\d{1,9}(?:[._]\d{1,9})*)|(\d{1,14}(?:[._]\d{1,14}){2,}))${suffix}$`,
  'i',
);
const day = /(?:^|[-_.])(?:19|20)\d{2}([-_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?=$|\D|\d{4,6}(?:$|\D))/;

interface Version {
  numbers: string[];
  suffix: string;
}

/** Parses a tag as a version; null for names without a version, and for moving tags. */
function versionOf(tag: string): Version | null {
  if (tag.length > 128) return null;
  if (moving.test(tag) && !numberedBuild.test(tag)) return null;
  const found = plain.exec(tag) ?? ofComponent.exec(tag);
  if (found === null) return day.test(tag) ? { numbers: [tag], suffix: '' } : null;
  const text = found[1] ?? (found.length > 3 ? (found[2] ?? '') : '');
  return { numbers: text.split(/[._]/), suffix: found.at(-1)! };
}

/**
 * Whether a tag looks like the name of a version: `1.2.3`, `v3`, `2026-11-28`, `build-417`; not
 * `latest` or a branch.
 */
export function isVersionTag(tag: string): boolean {
  return versionOf(tag) !== null;
}

/**
 * Whether a tag was published as a version, which must not move. Tags of three numbers, dates and
 * builds always are; `3` and `1.2` unless their history shows that they are aliases of `3.0.1` and
 * `1.2.3`, or habitually moved.
 */
export function isPublishedVersion(history: TagHistory): boolean {
  const version = versionOf(history.tag);
  if (version === null) return false;
  if (isExact(history.tag, version)) return true;
  return !isAlias(history) && !isMovedByHabit(history.earlier);
}

function isExact(tag: string, { numbers }: Version): boolean {
  return numbers.length >= 3 || day.test(tag) || numbers[0]!.length >= 4;
}

/** Whether each of its digests was also published under a longer version, at most a day later. */
function isAlias({ tag, earlier, alsoNamed }: TagHistory): boolean {
  if (earlier.length === 0) return false;
  const longer = alsoNamed.filter((other) => isLongerVersion(other.tag, tag));
  return earlier.every(({ digest, atMs }) =>
    // A name that is added later proves nothing: an attacker could add one just before moving the
    // tag.
    longer.some((other) => other.digest === digest && other.atMs <= atMs + dayMs),
  );
}

/** `1.2.3` for `1.2` and `v1`; `1.2.3-alpine` for `1.2-alpine`. */
function isLongerVersion(other: string, tag: string): boolean {
  const [long, short] = [versionOf(other), versionOf(tag)];
  if (long === null || short === null || long.numbers.length <= short.numbers.length) return false;
  return long.suffix === short.suffix && short.numbers.every((number, index) => long.numbers[index] === number);
}

/**
 * Base images are rebuilt every month under the same name; moves within a day of each other make no
 * habit.
 */
function isMovedByHabit(earlier: readonly VersionTag[]): boolean {
  let moves = 0;
  let lastMs = earlier[0]?.atMs ?? 0;
  for (const [index, { digest, atMs }] of earlier.entries()) {
    if (index === 0 || digest === earlier[index - 1]!.digest || atMs - lastMs < dayMs) continue;
    moves += 1;
    lastMs = atMs;
  }
  return moves >= habitualMoves;
}
