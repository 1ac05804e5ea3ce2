import { type DigestAlgorithm, type Found, type LayerEntry, maxLinkDepth } from '@tidewaiter/oci';

/** Directories looked at on the way to one path; real paths have some ten. */
const maxDepth = 64;

/** What an image shows, and what its lower layers had. */
export interface ImageTree {
  /** By path; no link on the way is followed. */
  shown: ReadonlyMap<string, Found>;
  /** Whether the entry of `layer` at exactly this path is the one that the image shows. */
  isShown: (path: string, layer: number) => boolean;
  /** What lower layers had at exactly `path` and the image no longer shows, the lowest first. */
  hidden: (path: string) => readonly Found[];
  /** Whether `layer` removes exactly this path, not a directory above it. */
  isRemoved: (path: string, layer: number) => boolean;
  /** The path with the links followed that its directories are by now: `lib/x` is `usr/lib/x`. */
  realPath: (path: string) => string;
  /** Of the content in hex, also where only a layer below holds the file that a hard link names. */
  digestOf: (found: Found, algorithm: DigestAlgorithm) => string | undefined;
}

/** Lays the layers of an image over each other for many questions about single paths. */
export function imageTree(layers: readonly { entries: readonly LayerEntry[] }[]): ImageTree {
  const shown = new Map<string, Found>();
  const hidden = new Map<string, Found[]>();
  const removed = layers.map(() => new Set<string>());
  const isVisible = visibility(layers);
  for (const [layer, { entries }] of layers.entries()) {
    for (const entry of entries) {
      if (entry.whiteout === 'file') removed[layer]?.add(entry.path);
      if (entry.whiteout) continue;
      if (isVisible(entry.path, layer)) shown.set(entry.path, { layer, entry });
      else hidden.set(entry.path, [...(hidden.get(entry.path) ?? []), { layer, entry }]);
    }
  }
  return {
    shown,
    isShown: (path, layer) => shown.get(path)?.layer === layer,
    hidden: (path) => hidden.get(path) ?? [],
    isRemoved: (path, layer) => removed[layer]?.has(path) ?? false,
    realPath: realPaths(shown),
    digestOf: (found, algorithm) => fileBehind(shown, found)?.[algorithm],
  };
}

/**
 * As `isVisible` of an overlay, for all entries of an image: what hides the entries of a directory is looked up once, and
 * only in the upper directories of paths that no honest builder makes so deep.
 */
function visibility(layers: readonly { entries: readonly LayerEntry[] }[]): (path: string, layer: number) => boolean {
  const tops = new Map<string, number>();
  const blocks = new Map<string, number>();
  for (const [layer, { entries }] of layers.entries()) {
    for (const entry of entries) {
      if (entry.whiteout !== 'opaque') tops.set(entry.path, layer);
      const block = blockOf(entry, layer);
      if (block > (blocks.get(entry.path) ?? 0)) blocks.set(entry.path, block);
    }
  }
  const known = new Map<string, number>();
  return (path, layer) => tops.get(path) === layer && layer >= firstShown(path, blocks, known);
}

/** The first layer whose entries below this one can be seen. */
function blockOf({ type, whiteout }: LayerEntry, layer: number): number {
  if (whiteout !== undefined || type === 'symlink') return layer;
  // In one layer, files below a link go through the link when they are unpacked; below anything else there is no place.
  return type === 'directory' ? 0 : layer + 1;
}

/** The first layer of which the entries in the directory of `path` can be seen. */
function firstShown(path: string, blocks: ReadonlyMap<string, number>, known: Map<string, number>): number {
  const directories = directoriesOf(path);
  let above = directories.length - 1;
  while (above >= 0 && !known.has(directories[above]!)) above -= 1;
  let first = above >= 0 ? known.get(directories[above]!)! : (blocks.get('') ?? 0);
  for (const directory of directories.slice(above + 1)) {
    first = Math.max(first, blocks.get(directory) ?? 0);
    known.set(directory, first);
  }
  return first;
}

/** From the top down. */
function directoriesOf(path: string): string[] {
  const directories: string[] = [];
  for (let at = path.indexOf('/'); at !== -1 && directories.length < maxDepth; at = path.indexOf('/', at + 1)) {
    directories.push(path.slice(0, at));
  }
  return directories;
}

/** The entry that has the digests: hard links to files of lower layers have none of their own. */
function fileBehind(shown: ImageTree['shown'], { entry }: Found): LayerEntry | undefined {
  if (entry.type !== 'hardlink' || entry.sha256 !== undefined) return entry;
  return shown.get(entry.linkTarget ?? '')?.entry;
}

/** Follows links in directories; each directory is resolved once, since packages have thousands of files in few of them. */
function realPaths(shown: ImageTree['shown']): (path: string) => string {
  const known = new Map<string, string>();
  return (path) => {
    const slash = path.lastIndexOf('/');
    if (slash <= 0) return path;
    const directory = path.slice(0, slash);
    let real = known.get(directory);
    if (real === undefined) {
      real = resolveDirectory(shown, directory);
      known.set(directory, real);
    }
    return real === '' ? path.slice(slash + 1) : real + path.slice(slash);
  };
}

/** As the kernel does it, but for link loops and for hostile depths, where it takes names as they are. */
function resolveDirectory(shown: ImageTree['shown'], directory: string): string {
  const pending = directory.split('/').toReversed();
  let at = '';
  let links = 0;
  for (let steps = 0; steps < 2 * maxDepth && pending.length > 0; steps += 1) {
    const segment = pending.pop()!;
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
      continue;
    }
    const next = at === '' ? segment : `${at}/${segment}`;
    const { type, linkTarget = '' } = shown.get(next)?.entry ?? {};
    if (type !== 'symlink' || links >= maxLinkDepth) {
      at = next;
      continue;
    }
    links += 1;
    if (linkTarget.startsWith('/')) at = '';
    pending.push(...linkTarget.split('/').toReversed());
  }
  return [at, ...pending.toReversed()].filter((part) => part !== '').join('/');
}
