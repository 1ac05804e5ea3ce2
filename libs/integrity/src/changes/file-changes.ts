import type { PackageType } from '@tidewaiter/domain';
import type { StackedEntry, LayerEntry } from '@tidewaiter/oci';

import { bits, isCodeName, isLibrary, isSetuid, octal } from '../files/file-kinds.js';
import { isStarted } from '../files/script-signs.js';
import type { ImageTree } from '../image/image-tree.js';

/** Kinds of files, ordered by relevance for an investigation. */
export const fileKinds = ['setuid', 'startup', 'program', 'library', 'script', 'other', 'documentation'] as const;

export type FileKind = (typeof fileKinds)[number];

export interface FileChange {
  path: string;
  change: 'added' | 'removed' | 'content' | 'mode' | 'owner' | 'type' | 'link';
  kind: FileKind;
  sizeBytes: number;
  /**
   * Hex; null if there was no such file or its content was not read. Absent from comparisons of
   * older versions.
   */
  sha256Before?: string | null;
  sha256After?: string | null;
  /**
   * Package that owns the file and changed its version, which explains the change; absent if there
   * is none.
   */
  upgradedWith?: { type: PackageType; name: string };
  /** Octal, with setuid, setgid and sticky: `0755`; null if there was no such file. */
  modeBefore: string | null;
  modeAfter: string | null;
  /** Whether the file is setuid or setgid now and was not before. */
  isNewSetuid: boolean;
}

/** Differences between the visible files of two images, sorted by path. */
export function fileChanges(before: ComparedTree, after: ComparedTree): FileChange[] {
  const changes: FileChange[] = [];
  for (const found of after.shown.values()) {
    const old = before.shown.get(found.entry.path);
    const change = changeOf(old?.entry, found.entry);
    if (change) changes.push(fileChange(change, before, after, { old, current: found }));
  }
  for (const old of before.shown.values()) {
    if (!after.shown.has(old.entry.path))
      changes.push(fileChange('removed', before, after, { old, current: undefined }));
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

type ComparedTree = Pick<ImageTree, 'shown' | 'digestOf'>;

function changeOf(before: LayerEntry | undefined, after: LayerEntry): FileChange['change'] | undefined {
  if (!before) return 'added';
  if (before.type !== after.type) return 'type';
  if (before.sha256 !== after.sha256 || before.size !== after.size) return 'content';
  if (before.linkTarget !== after.linkTarget) return 'link';
  if (before.mode !== after.mode) return 'mode';
  return before.uid !== after.uid || before.gid !== after.gid ? 'owner' : undefined;
}

function fileChange(
  change: FileChange['change'],
  before: ComparedTree,
  after: ComparedTree,
  { old, current }: { old: StackedEntry | undefined; current: StackedEntry | undefined },
): FileChange {
  const { entry } = (current ?? old)!;
  const [was, is] = [old?.entry, current?.entry];
  return {
    path: entry.path,
    change,
    kind: isBytecode(entry.path) ? bytecodeKind(entry.path, before, after) : kindOf(entry),
    sizeBytes: entry.size,
    sha256Before: (old && before.digestOf(old, 'sha256')) ?? null,
    sha256After: (current && after.digestOf(current, 'sha256')) ?? null,
    modeBefore: was ? octal(was.mode) : null,
    modeAfter: is ? octal(is.mode) : null,
    isNewSetuid: is !== undefined && lendsRights(is) && !(was && lendsRights(was)),
  };
}

/** Whether a file is setuid or setgid. Directories have the same bits with another meaning. */
function lendsRights({ type, mode }: LayerEntry): boolean {
  return (type === 'file' || type === 'hardlink') && isSetuid(mode);
}

const programDirectory = /^(?:usr\/(?:local\/)?)?s?bin\/|^opt\/(?:[^/]{1,255}\/){0,2}bin\//;
const documentation =
  /^usr\/(?:local\/)?share\/(?:doc|man|info|locale|licenses|common-licenses|icons|zoneinfo|fonts|bash-completion)\/|^var\/(?:log|cache)\/|\.(?:md|rst|txt|html?|mo|po|png|svg|css)$/;

function kindOf(entry: LayerEntry): FileKind {
  const { path, type, mode } = entry;
  if (lendsRights(entry)) return 'setuid';
  if (type === 'directory') return 'other';
  if (isStarted(path) || path === 'etc/ld.so.preload' || path.endsWith('/.ssh/authorized_keys')) return 'startup';
  if (isLibrary(path)) return 'library';
  // A symbolic link has all mode bits; it is a program only in a directory of programs.
  const isExecutable = type !== 'symlink' && (mode & bits.execute) !== 0;
  if (documentation.test(path) && !isExecutable) return 'documentation';
  if (programDirectory.test(path) || isExecutable) return 'program';
  return isCodeName(path) ? 'script' : 'other';
}

const bytecode = /^(.{0,4096}\/)?__pycache__\/([^/]{1,255}?)\.[a-z]{2,16}-\d{2,4}[a-z]{0,8}(?:\.opt-[0-2])?\.pyc$/;

function isBytecode(path: string): boolean {
  return path.endsWith('.pyc');
}

/**
 * Kind of a bytecode file. A cache that Python writes beside its source contains the time of the
 * source and is no code of its own. Bytecode without a source is imported like any module, and so
 * is a cache whose size changed while its source did not.
 */
function bytecodeKind(path: string, before: ComparedTree, after: ComparedTree): FileKind {
  const [, folder = '', name] = bytecode.exec(path) ?? [];
  if (name === undefined) return 'library';
  const source = `${folder}${name}.py`;
  const [was, is] = [before, after].map(({ shown }) => shown.get(source)?.entry);
  if (!is) return after.shown.has(path) ? 'library' : 'documentation';
  const [old, current] = [before, after].map(({ shown }) => shown.get(path)?.entry);
  const isSameSource = was !== undefined && was.sha256 === is.sha256;
  return isSameSource && old && current && old.size !== current.size ? 'library' : 'documentation';
}
