/** Version of a tag: its line, and its place in the order of that line. */
export interface TagVersion {
  /** Words before the version: `build`, `release`; a leading `v` is no prefix. */
  prefix: string;
  /**
   * Digits without leading zeros: of `v1.20.3` `['1', '20', '3']`, of `2024-05-01` `['2024', '5',
   * '1']`.
   */
  numbers: string[];
  /** Words of a pre-release: of `1.2.0-rc.2` `['rc', '2']`; null of a release. */
  preRelease: string[] | null;
  /** Variant of the same version: `alpine3.19`, `slim-arm64`; empty for the main one. */
  variant: string;
}

// A tag has 128 characters at most, of [A-Za-z0-9_.-]; a hostile one may have any.
const maxTagChars = 128;
const separators = /[-_]/;
const commit = /^(?:g?(?=[0-9a-f]{0,39}[a-f])(?=[a-f]{0,39}[0-9])[0-9a-f]{7,40}|g?[0-9a-f]{40}|[0-9a-f]{64})$/i;
const commitWord = /^(?:sha|sha1|sha256|commit|git|rev|pr|mr|pull)$/i;
const architecture =
  /^(?:amd64|x64|x86|i386|386|arm|armhf|armv[5-8]|arm32v[5-7]|arm64|arm64v8|aarch64|ppc64le|s390x|riscv64|mips64le)$/i;
const release = /^(?:final|release|ga)$/i;
const preReleaseWord =
  /^(alpha|beta|rc|cr|pre|preview|dev|snapshot|nightly|canary|milestone|ea|a|b|m)\.?(\d{0,19}(?:\.\d{1,19}){0,4})$/i;
const version = /^v?(\d+(?:\.\d+)*)(?:\.?([a-z].*))?$/i;
const wordedVersion = /^(build|b|release|rel|r|version|ver|rev|n|run)\.?(\d+(?:\.\d+)*)$/i;

/** Parses a tag as a version; null for a tag without one: `latest`, `main`, `sha-4f2a91c`. */
export function readTagVersion(tag: string): TagVersion | null {
  if (tag.length > maxTagChars) return null;
  const read: TagVersion = { prefix: '', numbers: [], preRelease: null, variant: '' };
  const words: string[] = [];
  const variants: string[] = [];
  for (const segment of tag.split(separators)) {
    if (segment === '' || (read.numbers.length > 0 && commit.test(segment))) continue;
    if (read.numbers.length === 0) {
      if (words.some((word) => commitWord.test(word)) || commit.test(segment)) return null;
      readFirst(segment, read, words, variants);
    } else readNext(segment, read, variants);
  }
  if (read.numbers.length === 0) return null;
  return { ...read, prefix: words.join('-').toLowerCase(), variant: variants.join('-') };
}

function readFirst(segment: string, read: TagVersion, words: string[], variants: string[]): void {
  if (architecture.test(segment)) {
    variants.push(segment);
    return;
  }
  const [, word, wordNumbers] = wordedVersion.exec(segment) ?? [];
  const [, numbers = wordNumbers, rest] = version.exec(segment) ?? [];
  if (word !== undefined) words.push(word);
  if (numbers === undefined) {
    words.push(segment);
    return;
  }
  read.numbers.push(...numbersOf(numbers));
  if (rest !== undefined) readNext(rest, read, variants);
}

function readNext(segment: string, read: TagVersion, variants: string[]): void {
  if (variants.some((each) => !architecture.test(each))) {
    variants.push(segment);
    return;
  }
  if (/^\d+(?:\.\d+)*$/.test(segment)) {
    if (read.preRelease) read.preRelease.push(...numbersOf(segment));
    else read.numbers.push(...numbersOf(segment));
    return;
  }
  if (release.test(segment)) return;
  const [, word, number = ''] = preReleaseWord.exec(segment) ?? [];
  if (word !== undefined) read.preRelease = [word.toLowerCase(), ...(number === '' ? [] : numbersOf(number))];
  else variants.push(segment);
}

function numbersOf(dotted: string): string[] {
  return dotted.split('.').map((digits) => digits.replace(/^0+(?=\d)/, ''));
}

/** Orders two versions of one line; a pre-release comes before its release. */
export function compareTagVersions(a: TagVersion, b: TagVersion): number {
  return (
    compareLists(a.numbers, b.numbers) ||
    Number(a.preRelease === null) - Number(b.preRelease === null) ||
    compareLists(a.preRelease ?? [], b.preRelease ?? []) ||
    compareLists(partsOf(a.variant), partsOf(b.variant))
  );
}

/** A prefix of another list comes first. */
function compareLists(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = compareParts(a[index]!, b[index]!);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

const digits = /^\d+$/;

/** Compares numbers by value for any length, and puts them before words. */
function compareParts(a: string, b: string): number {
  const [left, right] = [digits.test(a), digits.test(b)];
  if (left !== right) return left ? -1 : 1;
  if (left && a.length !== b.length) return Math.sign(a.length - b.length);
  return a < b ? -1 : Number(a > b);
}

function partsOf(variant: string): string[] {
  return variant.match(/\d+|[^\d]+/g)?.map((part) => part.replace(/^0+(?=\d)/, '')) ?? [];
}

const systemVersion =
  /\b(alpine|ubuntu|debian|ubi|fedora|centos|rockylinux|rocky|almalinux|al|amazonlinux|opensuse|ltsc)[-.]?\d+(?:\.\d+){0,3}\b/gi;

/**
 * Variant without the version of its distribution: `alpine3.19` and `alpine3.20` are one family.
 */
export function variantFamily({ variant }: Pick<TagVersion, 'variant'>): string {
  return variant.replace(systemVersion, '$1').toLowerCase();
}

const words = '[a-z][a-z0-9.]*(?:-[a-z][a-z0-9.]*)*';
const variantWord = new RegExp(`^-${words}$`, 'i');
/** Variant after a moving name, or a name that is only a variant. */
const movingVariant = new RegExp(
  `^(?:(?:latest|stable|edge|nightly|main|master|develop|dev|trunk|release|current|lts)-(${words})|(alpine|slim|debug|nonroot|distroless))$`,
  'i',
);

/**
 * Whether two tags have the same variant: `1.2-slim` and `1.2-alpine` do not, and neither do `main`
 * and `main-debug`.
 */
export function isSameVariant(a: string, b: string): boolean {
  const [left, right] = [readTagVersion(a), readTagVersion(b)];
  if (left || right) return variantOf(a, left) === variantOf(b, right);
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const rest = long.startsWith(short) ? long.slice(short.length) : '';
  return !(variantWord.test(rest) && !commit.test(rest.slice(1)));
}

function variantOf(tag: string, version: TagVersion | null): string {
  if (version) return variantFamily(version);
  const [, behind, alone] = movingVariant.exec(tag) ?? [];
  const variant = behind ?? alone ?? '';
  return commit.test(variant) ? '' : variantFamily({ variant });
}
