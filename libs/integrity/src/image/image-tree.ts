import {
  type DigestAlgorithm,
  type StackedEntry,
  type LayerEntry,
  maxLinkDepth,
  type Overlay,
  type ShownEntries,
} from '@tidewaiter/oci';

/** Limit on directories resolved for one path; real paths have about ten. */
const maxDepth = 64;

/** Visible entries of an image, and the entries of lower layers that they hide. */
export interface ImageTree {
  shown: ShownEntries;
  /** Whether the entry of `layer` at exactly this path is visible. */
  isShown: (path: string, layer: number) => boolean;
  /** Hidden entries of lower layers at exactly `path`, the lowest first. */
  hidden: (path: string) => readonly StackedEntry[];
  /** Whether `layer` removes exactly this path, not a directory above it. */
  isRemoved: (path: string, layer: number) => boolean;
  /** Path with resolved directory links: `usr/lib/x` for `lib/x`. */
  realPath: (path: string) => string;
  /** Digest of the content in hex; also for a hard link whose file is only in a lower layer. */
  digestOf: (found: StackedEntry, algorithm: DigestAlgorithm) => string | undefined;
}

/** Indexes the layers of an image for many lookups of single paths. */
export function imageTree({ shown, stackAt }: Pick<Overlay, 'shown' | 'stackAt'>): ImageTree {
  const isShown = (path: string, layer: number) => shown.get(path)?.layer === layer;
  return {
    shown,
    isShown,
    hidden(path) {
      const top = shown.get(path)?.layer;
      return stackAt(path)
        .filter(({ layer, entry }) => !entry.whiteout && layer !== top)
        .toReversed();
    },
    isRemoved: (path, layer) => stackAt(path).some((found) => found.layer === layer && found.entry.whiteout === 'file'),
    realPath: realPaths(shown),
    digestOf: (found, algorithm) => fileBehind(shown, found)?.[algorithm],
  };
}

/** Entry with the digests: a hard link to a file of a lower layer has none itself. */
function fileBehind(shown: ShownEntries, { entry }: StackedEntry): LayerEntry | undefined {
  if (entry.type !== 'hardlink' || entry.sha256 !== undefined) return entry;
  return shown.get(entry.linkTarget ?? '')?.entry;
}

/**
 * Resolves links in directories; each directory is resolved once, since packages have thousands of
 * files in few of them.
 */
function realPaths(shown: ShownEntries): (path: string) => string {
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

/**
 * Resolves as the kernel does, except for link loops and hostile depths, whose names stay
 * unchanged.
 */
function resolveDirectory(shown: ShownEntries, directory: string): string {
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
