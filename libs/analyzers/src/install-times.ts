import type { LayerEntries, LayerEntry } from '@tidewaiter/oci';

/** Times at which the files of one package were written in one layer, in seconds. */
export interface InstallTimes {
  /** Ascending. */
  times: number[];
}

/** Position of a file's time relative to the installation of its package. */
export type TimeVerdict = 'within' | 'after' | 'before' | 'unknown';

/** Limits of the tolerance: npm unpacks a package within seconds, a copy may take a minute. */
const tolerance = { leastSeconds: 2, mostSeconds: 60 };

/** Most files of a layer with one time: the build has rewritten all of them (SOURCE_DATE_EPOCH). */
const rewrittenShare = 0.9;

const pythonSite = /(?:^|\/)(?:site|dist)-packages\//;

/** Times of the files of folders in a layer. */
export interface LayerTimes {
  byFolder: ReadonlyMap<string, InstallTimes>;
  /**
   * `separate`: an edit has another time. `same`: a reproducible build has rewritten all times,
   * which proves nothing. `packaged`: all files have one time, and nearly all are Python packages,
   * as a distribution builds them.
   */
  kind: 'separate' | 'same' | 'packaged';
}

/** Reads the times of the files of these folders in a layer. */
export function installTimes(entries: LayerEntries, folders: ReadonlySet<string>): LayerTimes {
  const times = new Map<string, number[]>();
  const files = new Map<number, number>();
  let count = 0;
  let latest = 0;
  let inSites = 0;
  for (const { path, type, whiteout, mtime = 0 } of entries) {
    if (type !== 'file' || whiteout !== undefined) continue;
    count += 1;
    if (pythonSite.test(path)) inSites += 1;
    files.set(mtime, (files.get(mtime) ?? 0) + 1);
    latest = Math.max(latest, mtime);
    const folder = folderOf(path, folders);
    if (folder === undefined || mtime === 0) continue;
    const known = times.get(folder);
    if (known) known.push(mtime);
    else times.set(folder, [mtime]);
  }
  const isSame = latest === 0 || (files.get(latest) ?? 0) >= count * rewrittenShare;
  const isPackaged = latest > 0 && inSites >= count * rewrittenShare;
  return {
    byFolder: new Map(Array.from(times, ([folder, each]) => [folder, { times: each.toSorted((a, b) => a - b) }])),
    kind: isSame ? (isPackaged ? 'packaged' : 'same') : 'separate',
  };
}

function folderOf(path: string, folders: ReadonlySet<string>): string | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = path.slice(0, end + 1);
    if (folders.has(folder)) return folder;
    // Packages inside a package were installed at their own time.
    if (folder.endsWith('/node_modules/')) return undefined;
  }
  return undefined;
}

/**
 * Compares the time of a file with those of its package: npm, pip and gem write all files of a
 * package within seconds; zip and tar times that a tool keeps are older still. An edit is later. A
 * single one of many later files does not shift the end of the installation.
 */
export function judgeTime(
  { mtime }: LayerEntry,
  installed: InstallTimes | undefined,
  manifest: LayerEntry | undefined,
  isExtracted: boolean,
): TimeVerdict {
  if (mtime === undefined || installed === undefined) return 'unknown';
  const others = withoutOne(installed.times, mtime);
  if (others.length === 0) return 'unknown';
  const first = others[Math.floor((others.length - 1) * 0.1)]!;
  const last = Math.max(others[Math.floor((others.length - 1) * 0.9)]!, manifest?.mtime ?? 0);
  const spread = last - first;
  const slack = Math.min(Math.max(spread, tolerance.leastSeconds), tolerance.mostSeconds);
  if (mtime > last + slack) return 'after';
  return isExtracted && spread <= tolerance.mostSeconds && mtime < first - slack ? 'before' : 'within';
}

function withoutOne(times: readonly number[], time: number): readonly number[] {
  const at = times.indexOf(time);
  return at === -1 ? times : times.toSpliced(at, 1);
}
